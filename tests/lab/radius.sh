# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# FreeRADIUS on the lab's server, and PAM stacks that send passwords there by pam_radius_auth; for
# scripts that have read lab.sh.
# shellcheck disable=SC2154 # lab and on_server are set by lab.sh
# shellcheck source-path=SCRIPTDIR source=../lab/pam.sh
. "$(dirname "${BASH_SOURCE[0]}")/pam.sh"

radius_shared=kept-between-the-two

# radius_start FOLDER IDENTITY SECRET: a server that knows one account.  Each request that it gets
# stands in $lab/FOLDER as it reads it, with the password in clear: it has the shared secret.
radius_start()
{
	local name=$1 raddb=$lab/$1.raddb
	rm -rf "${lab:?}/$name" "$raddb"
	mkdir "$lab/$name" "$raddb"
	: > "$lab/$name/001-radius-1812.in"
	: > "$lab/$name/001-radius-1812.out" # for leaks.py: a RADIUS server gives no challenge
	: > "$raddb/dictionary"
	echo "\"$2\" Cleartext-Password := \"$3\"" > "$raddb/users"
	radius_configuration "$raddb" "$lab/$name/001-radius-1812.in" > "$raddb/radiusd.conf"
	lab_start "$name" "${on_server[@]}" freeradius -X -d "$raddb" -n radiusd
	lab_wait grep -q 'Ready to process requests' "$lab/$name.log"
}

# radius_configuration RADDB RECORD
radius_configuration()
{
	cat <<-END
		prefix = /usr
		libdir = /usr/lib/freeradius
		raddbdir = $1
		logdir = $1
		run_dir = $1
		security {
		}
		client lab {
			ipaddr = 0.0.0.0/0
			secret = $radius_shared
		}
		modules {
			detail {
				filename = $2
			}
			files {
				usersfile = $1/users
			}
			pap {
			}
		}
		server default {
			listen {
				type = auth
				ipaddr = *
				port = 1812
			}
			authorize {
				detail
				files
				pap
			}
			authenticate {
				pap
			}
		}
	END
}

# requests FOLDER: how many packets the server got, whatever it made of them.
requests()
{
	grep -cE 'Received [A-Z]|Invalid packet|Dropping packet' "$lab/$1.log"
}

# radius_stack SERVICE SERVER [LINE...]: the service asks SERVER; LINEs stand before that.
radius_stack()
{
	local service=$1 server=$2 ask="pam_radius_auth.so conf=$lab/radius.conf retry=1"
	shift 2
	echo "$server:1812 $radius_shared 3" > "$lab/radius.conf"
	chmod 0600 "$lab/radius.conf"
	pam_stack "$service" "$ask" "$@"
}
