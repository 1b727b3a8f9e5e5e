/* SPDX-License-Identifier: MIT */
#include "af_registry.h"
