#pragma once
#include <string>
#include <string_view>

namespace medvol::reports {

/// RFC 4648 base64 with padding, for pictures inside a page.
std::string base64(std::string_view bytes);

}  // namespace medvol::reports
