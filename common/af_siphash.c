/* SPDX-License-Identifier: MIT */
#include "af_siphash.h"
