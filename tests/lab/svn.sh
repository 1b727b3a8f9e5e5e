# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A real svnserve with SASL behind a relay that writes down what passes, and its client; for scripts
# that have read lab.sh.
# shellcheck disable=SC2154 # lab, on_server and others are set by lab.sh

svnserve_port=13690
guard=() # before a client: the environment that loads the plugin

svnserve_ready()
{
	"${on_server[@]}" bash -c ": < /dev/tcp/127.0.0.1/$svnserve_port"
} 2> /dev/null

# make_repository NAME: a repository for the users of the realm NAME; svnserve lets in no others.
make_repository()
{
	local folder=$lab/svn/$1
	[ -d "$folder" ] || svnadmin create "$folder" || exit 3
	cat > "$folder/conf/svnserve.conf" <<-END
		[general]
		anon-access = none
		realm = $1
		[sasl]
		use-sasl = true
		min-encryption = 0
		max-encryption = 0
	END
}

# svnserve_start MECHANISMS
svnserve_start()
{
	mkdir -p "$lab/svn"
	make_repository example.com
	make_repository sei.co.jp
	cat > "$lab/svn/svn.conf" <<-END
		pwcheck_method: auxprop
		auxprop_plugin: sasldb
		sasldb_path: $lab/svn/sasldb
		mech_list: $1
	END
	lab_start svnserve "${on_server[@]}" env SASL_CONF_PATH="$lab/svn" svnserve --daemon \
		--foreground --root "$lab/svn" --listen-host 127.0.0.1 --listen-port $svnserve_port
	lab_wait svnserve_ready
}

# svn_user NAME@REALM SECRET: lets svnserve know a user.
svn_user()
{
	printf %s "$2" | saslpasswd2 -p -c -f "$lab/svn/sasldb" -u "${1##*@}" "${1%@*}"
}

# svn_run FOLDER HOST USER SECRET [REALM]: asks for the repository of the realm, by default USER's own,
# while a relay writes to FOLDER; sets status.
# shellcheck disable=SC2034 # status is for the caller
svn_run()
{
	relay_start "$1" svn:3690 $svnserve_port
	as_tester "${guard[@]}" svn info --non-interactive --no-auth-cache --username "$3" \
		--password "$4" "svn://$2/${5:-${3##*@}}" > "$lab/$1.output" 2>&1
	status=$?
	lab_stop "$1"
}
