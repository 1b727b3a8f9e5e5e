/* SPDX-License-Identifier: MIT */
#include "af_identity.h"
