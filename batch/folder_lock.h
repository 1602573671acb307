// One batch at a time in a folder.
#pragma once

#include <string>

namespace tilewright {

/// Held while a batch runs in a folder, so that a second one notices.
class FolderLock {
 public:
  /// Makes the folder if it is not there. Throws InputError if another run holds it.
  explicit FolderLock(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int file_ = -1;
};

}  // namespace tilewright
