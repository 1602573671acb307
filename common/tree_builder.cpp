#include "common/tree_builder.h"

#include <fmt/format.h>

#include <utility>

#include "common/error.h"

namespace tilewright {

YamlElement make_element(int line, YamlElement::Kind kind) {
  YamlElement made;
  made.kind = kind;
  made.line = line;
  return made;
}

bool TreeBuilder::expects_key() const {
  return !frames_.empty() && frames_.back().element.kind == YamlElement::Kind::kMap &&
         !frames_.back().has_key;
}

void TreeBuilder::begin_member(int line, const std::string& key) {
  Frame& frame = frames_.back();
  const auto [place, is_new] = frame.lines_of_keys.emplace(key, line);
  frame.has_key = true;
  frame.key = key;
  frame.key_line = line;
  if (!is_new) fail(line, fmt::format("duplicate key, first given in line {}", place->second));
}

void TreeBuilder::open(int line, YamlElement::Kind kind) {
  if (frames_.size() >= static_cast<std::size_t>(kYamlDepthLimit)) {
    fail(line, fmt::format("nested too deep, expected at most {} levels", kYamlDepthLimit));
  }
  Frame frame;
  frame.element = make_element(line, kind);
  frames_.push_back(std::move(frame));
}

void TreeBuilder::close() {
  YamlElement done = std::move(frames_.back().element);
  frames_.pop_back();
  add(std::move(done));
}

void TreeBuilder::add(YamlElement value) {
  if (frames_.empty()) {
    root_ = std::move(value);
    return;
  }
  Frame& frame = frames_.back();
  value.key = std::move(frame.key);
  value.key_line = frame.key_line;
  frame.key.clear();
  frame.has_key = false;
  frame.element.children.push_back(std::move(value));
}

YamlElement TreeBuilder::take_root() {
  return std::move(root_);
}

void TreeBuilder::fail(int line, std::string_view problem) const {
  throw InputError::at(file_, line, path(), problem);
}

std::string TreeBuilder::path() const {
  std::string key;
  for (const Frame& frame : frames_) {
    if (frame.element.kind == YamlElement::Kind::kList) {
      key = dotted_key(key, frame.element.children.size());
    } else if (frame.has_key) {
      key = dotted_key(key, frame.key);
    }
  }
  return key;
}

}  // namespace tilewright
