/* SPDX-License-Identifier: MIT */
#include "af_decide.h"
