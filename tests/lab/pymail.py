#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Logs in with imaplib, poplib or smtplib.

usage: pymail.py imap|pop|smtp none|starttls|tls HOST PORT USER SECRET
"""
import imaplib
import poplib
import smtplib
import ssl
import sys

WAIT = 20
protocol, tls, host, port, user, secret = sys.argv[1:]
context = ssl.create_default_context()


def imap():
    if tls == 'tls':
        link = imaplib.IMAP4_SSL(host, int(port), ssl_context=context, timeout=WAIT)
    else:
        link = imaplib.IMAP4(host, int(port), timeout=WAIT)
    if tls == 'starttls':
        link.starttls(context)
    link.login(user, secret)
    link.logout()


def pop():
    kind, more = (poplib.POP3_SSL, {'context': context}) if tls == 'tls' else (poplib.POP3, {})
    link = kind(host, int(port), timeout=WAIT, **more)
    if tls == 'starttls':
        link.stls(context)
    link.user(user)
    link.pass_(secret)
    link.quit()


def smtp():
    kind, more = (smtplib.SMTP_SSL, {'context': context}) if tls == 'tls' else (smtplib.SMTP, {})
    link = kind(host, int(port), timeout=WAIT, **more)
    if tls == 'starttls':
        link.starttls(context=context)
    link.login(user, secret)
    link.quit()


{'imap': imap, 'pop': pop, 'smtp': smtp}[protocol]()
