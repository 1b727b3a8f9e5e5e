# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# One run of isync's mbsync; for scripts that have read lab.sh.
# shellcheck disable=SC2154 # lab is set by lab.sh

# run_mbsync FOLDER HOST PORT TLS MECHANISM USER SECRET [VARIABLE=VALUE]: prints mbsync's status.
run_mbsync()
{
	local folder=$lab/$1.home
	rm -rf "$folder"
	mkdir -p "$folder/mail"
	cat > "$folder/mbsyncrc" <<-END
		IMAPAccount far
		Host $2
		Port $3
		SSLType $4
		CertificateFile $lab/ca.pem
		AuthMechs $5
		User $6
		Pass $7

		IMAPStore far
		Account far

		MaildirStore near
		Path $folder/mail/
		Inbox $folder/mail/INBOX

		Channel inbox
		Far :far:
		Near :near:
		Sync Pull
		Create Near
		SyncState *
	END
	chown -R tester: "$folder"
	shift 7
	as_tester env "$@" mbsync -c "$folder/mbsyncrc" inbox > "$folder/output" 2>&1
	echo $?
}
