/* SPDX-License-Identifier: MIT */
/*
 * The trial: a process of its own loads libsasl2 with all that is in its plugin folder and starts
 * two logins, one that the guard must refuse and one that it must let pass.  There is no
 * connection, and no network is used.
 */
#ifndef DOCTOR_CANARY_H
#define DOCTOR_CANARY_H

#define AFENCE_CANARY_IDENTITY "canary@example.com"
#define AFENCE_CANARY_TARGET   "192.88.99.7" /* deprecated 6to4 relay anycast: nobody's server */

/* The trial itself, in the process made for it: tells what it saw as a JSON object on standard
 * output.  PLUGIN is a file to explain if libsasl2 loads none, or NULL.  Returns the status. */
int af_canary_try(const char *plugin);

#endif
