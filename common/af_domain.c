/* SPDX-License-Identifier: MIT */
#include "af_domain.h"
