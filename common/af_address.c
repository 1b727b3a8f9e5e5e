/* SPDX-License-Identifier: MIT */
#include "af_address.h"
