/* SPDX-License-Identifier: MIT */
#include "af_resolver.h"
