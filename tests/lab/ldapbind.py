#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Logs in to an LDAP server with python-ldap.

usage: ldapbind.py URI MECHANISM USER SECRET
"""
import sys

import ldap
import ldap.sasl

uri, mechanism, user, secret = sys.argv[1:]
connection = ldap.initialize(uri)
connection.set_option(ldap.OPT_X_SASL_SECPROPS, 'none,maxssf=0')
answers = {ldap.sasl.CB_AUTHNAME: user, ldap.sasl.CB_USER: '', ldap.sasl.CB_PASS: secret}
connection.sasl_interactive_bind_s('', ldap.sasl.sasl(answers, mechanism))
