package tapedeck.record;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.container.FileRoom;

/// Inserts holes by `fallocate(2)`, which the JDK has no word for: ext4 and xfs move the extents behind one and not
/// their bytes. The file is opened a second time for that, since the JDK keeps its descriptors to itself.
final class HoleInFile implements FileRoom {
    private static final Logger log = LoggerFactory.getLogger(HoleInFile.class);

    // linux/falloc.h and asm-generic/fcntl.h: the same on x86-64 and arm64.
    private static final int FALLOC_FL_INSERT_RANGE = 0x20;
    private static final int O_RDWR = 2;
    private static final int O_CLOEXEC = 0x80000;

    /// EPERM, EINVAL, ENOSYS, EOPNOTSUPP: not on this file system, or not with blocks of this size.
    private static final Set<Integer> CANNOT = Set.of(1, 22, 38, 95);
    private static final int EINTR = 4;

    private final Path path;

    HoleInFile(Path path) {
        this.path = path;
    }

    /// The functions of the C library, looked up by the first who needs them.
    private static final class Calls {
        static final Optional<Calls> LINUX = link();

        private final MethodHandle open;
        private final MethodHandle fallocate;
        private final MethodHandle close;
        private final StructLayout state = Linker.Option.captureStateLayout();
        private final VarHandle errno = state.varHandle(PathElement.groupElement("errno"));

        private Calls(Linker linker) {
            Linker.Option errnoToo = Linker.Option.captureCallState("errno");
            ValueLayout.OfInt number = ValueLayout.JAVA_INT;
            ValueLayout.OfLong large = ValueLayout.JAVA_LONG;
            open = linker.downcallHandle(
                    linker.defaultLookup().findOrThrow("open"),
                    FunctionDescriptor.of(number, ValueLayout.ADDRESS, number),
                    errnoToo,
                    Linker.Option.firstVariadicArg(2));
            fallocate = linker.downcallHandle(
                    linker.defaultLookup().findOrThrow("fallocate"),
                    FunctionDescriptor.of(number, number, number, large, large),
                    errnoToo);
            close = linker.downcallHandle(
                    linker.defaultLookup().findOrThrow("close"), FunctionDescriptor.of(number, number));
        }

        private static Optional<Calls> link() {
            boolean linux = System.getProperty("os.name", "").equals("Linux");
            boolean wide = ValueLayout.ADDRESS.byteSize() == Long.BYTES;
            try {
                return linux && wide ? Optional.of(new Calls(Linker.nativeLinker())) : Optional.empty();
            } catch (IllegalCallerException | UnsupportedOperationException | java.util.NoSuchElementException e) {
                log.info("no room can be made inside files: {}", e.toString());
                return Optional.empty();
            }
        }
    }

    @Override
    public boolean insert(long position, long bytes) throws IOException {
        Optional<Calls> calls = Calls.LINUX;
        return calls.isPresent() && insert(calls.get(), position, bytes);
    }

    private boolean insert(Calls calls, long position, long bytes) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(calls.state);
            Charset names = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));
            MemorySegment name = arena.allocateFrom(path.toString(), names);
            int descriptor = (int) calls.open.invokeExact(state, name, O_RDWR | O_CLOEXEC);
            if (descriptor < 0) {
                throw failed("open", (int) calls.errno.get(state, 0L));
            }
            try {
                while ((int) calls.fallocate.invokeExact(state, descriptor, FALLOC_FL_INSERT_RANGE, position, bytes)
                        != 0) {
                    int errno = (int) calls.errno.get(state, 0L);
                    if (CANNOT.contains(errno)) {
                        return false;
                    }
                    if (errno != EINTR) {
                        throw failed("fallocate", errno);
                    }
                }
                return true;
            } finally {
                int _ = (int) calls.close.invokeExact(descriptor);
            }
        } catch (IOException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private IOException failed(String call, int errno) {
        return new IOException("%s: %s failed with error %d".formatted(path, call, errno));
    }
}
