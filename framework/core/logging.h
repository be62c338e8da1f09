#pragma once
#include <spdlog/spdlog.h>

namespace medvol::core {

/// One line to standard error; spdlog carries it. `log_info("{} cases", n)`.
template <class... Args>
void log_info(spdlog::format_string_t<Args...> text, Args&&... args) {
  spdlog::info(text, std::forward<Args>(args)...);
}
template <class... Args>
void log_warning(spdlog::format_string_t<Args...> text, Args&&... args) {
  spdlog::warn(text, std::forward<Args>(args)...);
}

}  // namespace medvol::core
