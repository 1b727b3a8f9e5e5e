/* SPDX-License-Identifier: MIT */
#include "af_report.h"
