/* SPDX-License-Identifier: MIT */
/* The watch, looking as often as its clock ticks. */
#define LOOK_MS 1
#include "../../common/af_policy_watch.c"
