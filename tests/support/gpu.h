#pragma once
#include <gtest/gtest.h>

#include "framework/runtime/machine.h"

/// First line of a test that computes on a GPU. Without one it is a visible skip.
#define MEDVOL_NEEDS_GPU() \
  if (::medvol::runtime::usable_gpus() == 0) GTEST_SKIP() << "no GPU is usable here: this test has not run"
