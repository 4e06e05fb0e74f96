/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_VERSION_H
#define ORSHIM_VERSION_H

#include "base/version.h"

#endif
