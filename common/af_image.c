/* SPDX-License-Identifier: MIT */
#include "af_image.h"
