/* SPDX-License-Identifier: MIT */
#include "af_policy.h"
