// A device for torch on a machine that has none: PrivateUse1 over the processor's memory.
//
// It computes by torch's own CPU kernels, and does what a GPU does beside that: it is initialised
// late, has a current device and streams, times by events, refuses memory beyond a limit, and
// reports an error of a kernel at the next synchronisation, and from then on at every call.

#include <ATen/EmptyTensor.h>
#include <ATen/core/Tensor.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_reshape_alias_cpu_dispatch.h>
#include <ATen/ops/as_strided_cpu_dispatch.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/set_cpu_dispatch.h>
#include <ATen/ops/unfold_cpu_dispatch.h>
#include <ATen/ops/view_cpu_dispatch.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <atomic>
#include <chrono>
#include <cstdlib>

namespace {

using c10::Device, c10::DeviceIndex, c10::Stream, c10::StreamId;
constexpr auto KIND = c10::DeviceType::PrivateUse1;
constexpr DeviceIndex DEVICES = 2;

std::atomic<bool> initialised{false}, queued{false}, broken{false};
std::atomic<int64_t> held{0}, limit{INT64_MAX}, synchronised{0};
thread_local DeviceIndex current = 0;
thread_local StreamId streams[DEVICES] = {0, 0};

void fail_if_broken() {
  if (broken) {
    throw c10::AcceleratorError(
        {__func__, __FILE__, __LINE__}, 700,
        "CUDA error: an illegal memory access was encountered");
  }
}

// What is queued fails now; an error that was reported once is reported for ever.
void synchronise() {
  ++synchronised;
  if (queued.exchange(false)) broken = true;
  fail_if_broken();
}

struct Memory final : c10::Allocator {
  struct Block {
    size_t bytes;
    void* data;
  };

  static void release(void* block) {
    auto* one = static_cast<Block*>(block);
    held -= one->bytes;
    std::free(one->data);
    delete one;
  }

  c10::DataPtr allocate(size_t bytes) override {
    fail_if_broken();
    initialised = true;
    TORCH_CHECK_WITH(
        OutOfMemoryError, held + int64_t(bytes) <= limit,
        "CUDA out of memory. Tried to allocate ", bytes, " bytes.");
    auto* data = std::malloc(bytes ? bytes : 1);
    TORCH_CHECK_WITH(OutOfMemoryError, data, "CUDA out of memory.");
    held += bytes;
    auto* one = new Block{bytes, data};
    return {one->data, one, &release, Device(KIND, current)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return nullptr; }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }
};
Memory MEMORY;
REGISTER_ALLOCATOR(KIND, &MEMORY);

using Clock = std::chrono::steady_clock;

struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return KIND; }
  Device getDevice() const override { return {KIND, current}; }
  void setDevice(Device device) const override { current = device.index(); }
  void uncheckedSetDevice(Device device) const noexcept override { current = device.index(); }
  Device exchangeDevice(Device device) const override {
    Device before = getDevice();
    setDevice(device);
    return before;
  }
  DeviceIndex deviceCount() const noexcept override { return DEVICES; }

  Stream getStream(Device device) const override {
    auto index = device.has_index() ? device.index() : current;
    return Stream(Stream::UNSAFE, Device(KIND, index), streams[index]);
  }
  Stream getDefaultStream(Device device) const override { return Stream(Stream::DEFAULT, device); }
  Stream getNewStream(Device device, int) const override {
    static std::atomic<StreamId> next{1};
    return Stream(Stream::UNSAFE, device.has_index() ? device : getDevice(), next++);
  }
  Stream exchangeStream(Stream stream) const override {
    Stream before = getStream(stream.device());
    streams[stream.device_index()] = stream.id();
    return before;
  }
  bool queryStream(const Stream&) const override { return true; }
  void synchronizeStream(const Stream&) const override { synchronise(); }
  void synchronizeDevice(const DeviceIndex) const override { synchronise(); }

  void record(void** event, const Stream&, const DeviceIndex, const c10::EventFlag) const override {
    if (!*event) *event = new Clock::time_point;
    *static_cast<Clock::time_point*>(*event) = Clock::now();
  }
  void destroyEvent(void* event, const DeviceIndex) const noexcept override {
    delete static_cast<Clock::time_point*>(event);
  }
  void block(void*, const Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  void synchronizeEvent(void*) const override { synchronise(); }
  double elapsedTime(void* first, void* last, const DeviceIndex) const override {
    std::chrono::duration<double, std::milli> between =
        *static_cast<Clock::time_point*>(last) - *static_cast<Clock::time_point*>(first);
    return between.count();
  }
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

struct Hooks final : at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(DeviceIndex) const override { return initialised; }
  DeviceIndex deviceCount() const override { return DEVICES; }
  DeviceIndex getCurrentDevice() const override { return current; }
  void setCurrentDevice(DeviceIndex index) const override { current = index; }
};
const bool HOOKED = [] {
  at::RegisterPrivateUse1HooksInterface(new Hooks);
  return true;
}();

at::Tensor empty(
    at::IntArrayRef size, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
    std::optional<Device> device, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  c10::OptionalDeviceGuard guard(device);
  return at::detail::empty_generic(
      size, &MEMORY, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
      dtype.value_or(at::kFloat), format);
}

at::Tensor empty_strided(
    at::IntArrayRef size, at::IntArrayRef stride, std::optional<at::ScalarType> dtype,
    std::optional<at::Layout>, std::optional<Device> device, std::optional<bool>) {
  c10::OptionalDeviceGuard guard(device);
  return at::detail::empty_strided_generic(
      size, stride, &MEMORY, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
      dtype.value_or(at::kFloat));
}

// The same memory as a tensor of the processor's.
at::Tensor on_cpu(const at::Tensor& tensor) {
  if (tensor.is_cpu()) return tensor;
  return at::from_blob(
      tensor.data_ptr(), tensor.sizes(), tensor.strides(), tensor.options().device(at::kCPU));
}

at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool) {
  synchronise();
  on_cpu(to).copy_(on_cpu(from));
  return to;
}

at::Tensor copy_from_and_resize(const at::Tensor& from, const at::Tensor& to) {
  if (from.sizes() != to.sizes()) to.resize_(from.sizes());
  return copy_from(from, to, false);
}

const at::Tensor& resize(
    const at::Tensor& self, at::IntArrayRef size, std::optional<at::MemoryFormat>) {
  auto* impl = self.unsafeGetTensorImpl();
  auto& storage = const_cast<c10::Storage&>(self.storage());
  impl->set_sizes_contiguous(size);
  const size_t bytes = (impl->numel() + impl->storage_offset()) * self.itemsize();
  if (bytes > storage.nbytes()) {
    auto data = MEMORY.allocate(bytes);
    std::memcpy(data.get(), storage.data(), storage.nbytes());
    storage.set_data_ptr_noswap(std::move(data));
    storage.set_nbytes(bytes);
  }
  return self;
}

at::Tensor& set(
    at::Tensor& self, at::Storage source, int64_t offset, at::IntArrayRef size,
    at::IntArrayRef stride) {
  return at::cpu::set_(self, source, offset, size, stride);
}

at::Scalar item(const at::Tensor& tensor) {
  synchronise();
  return on_cpu(tensor).item();
}

void fallback(const c10::OperatorHandle& op, c10::Stack* stack) {
  fail_if_broken();
  at::native::cpu_fallback(op, stack);
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&fallback>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", empty);
  m.impl("empty_strided", empty_strided);
  m.impl("_copy_from", copy_from);
  m.impl("_copy_from_and_resize", copy_from_and_resize);
  m.impl("resize_", resize);
  m.impl("_local_scalar_dense", item);
  m.impl("as_strided", at::cpu::as_strided);
  m.impl("view", at::cpu::view);
  m.impl("_reshape_alias", at::cpu::_reshape_alias);
  m.impl("unfold", at::cpu::unfold);
  m.impl("set_.source_Storage_storage_offset", set);
}

TORCH_LIBRARY(standin, m) {
  m.def("queue_error() -> ()", [] { queued = true; });
  m.def("initialise() -> ()", [] { initialised = true; });
  m.def("is_initialised() -> bool", [] { return initialised.load(); });
  m.def("synchronisations() -> int", [] { return synchronised.load(); });
  m.def("limit_memory(int bytes) -> ()", [](int64_t bytes) { limit = held + bytes; });
}

}  // namespace
