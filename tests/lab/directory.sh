# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A real slapd with accounts of people behind a relay that writes down what passes, for the daemons
# behind PAM modules; for scripts that have read lab.sh.
# shellcheck disable=SC2154 # lab and on_server are set by lab.sh

directory_port=10389
directory_base=dc=corp,dc=lan
directory_login=(-x -D "cn=manager,$directory_base" -w manager -H "ldap://127.0.0.1:$directory_port")

directory_ready()
{
	"${on_server[@]}" ldapwhoami "${directory_login[@]}" > "$lab/directory-ready.log" 2>&1
}

directory_start()
{
	mkdir "$lab/directory"
	cat > "$lab/directory.conf" <<-END
		include /etc/ldap/schema/core.schema
		include /etc/ldap/schema/cosine.schema
		include /etc/ldap/schema/nis.schema
		database ldif
		directory $lab/directory
		suffix $directory_base
		rootdn cn=manager,$directory_base
		rootpw manager
		access to attrs=userPassword by self write by anonymous auth by * none
		access to * by * read
	END
	lab_start directory "${on_server[@]}" slapd -d stats -f "$lab/directory.conf" \
		-h "ldap://127.0.0.1:$directory_port"
	lab_wait directory_ready
	directory_add <<-END
		dn: $directory_base
		objectClass: dcObject
		objectClass: organization
		dc: ${directory_base:3:4}
		o: corp
	END
}

# Entries from standard input.
directory_add()
{
	"${on_server[@]}" ldapadd "${directory_login[@]}" > "$lab/directory-add.log" 2>&1 || {
		cat "$lab/directory-add.log" >&2
		exit 3
	}
}

# directory_user UID NUMBER SECRET [OU]: somebody who can log in, in a unit of that name.
directory_user()
{
	local base=$directory_base
	if [ $# -gt 3 ]; then
		base=ou=$4,$base
		printf '%s\n' "dn: $base" 'objectClass: organizationalUnit' "ou: $4" | directory_add
	fi
	directory_add <<-END
		dn: uid=$1,$base
		objectClass: account
		objectClass: posixAccount
		uid: $1
		cn: $1
		uidNumber: $2
		gidNumber: $2
		homeDirectory: /tmp
		userPassword: $3
	END
}
