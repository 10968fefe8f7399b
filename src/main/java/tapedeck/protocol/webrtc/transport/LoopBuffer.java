package tapedeck.protocol.webrtc.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelConfig;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;
import java.nio.ByteBuffer;

/// One direct buffer for all reads of a loop: what was read is used up before the next read. Netty's own allocators
/// cost far more here, DESIGN §5.
///
/// A turn goes on while reads come back full, also where the channel is read on a tick: Netty's own answer is no
/// wherever a channel does not read by itself.
final class LoopBuffer {
    private final ByteBuf shared;
    private final int maxMessagesPerTurn;

    LoopBuffer(int sizeBytes, int maxMessagesPerTurn) {
        this.shared = Unpooled.wrappedBuffer(ByteBuffer.allocateDirect(sizeBytes));
        this.maxMessagesPerTurn = maxMessagesPerTurn;
    }

    /// For a connection: full is a read that fills the buffer.
    RecvByteBufAllocator forBytes() {
        return () -> new Turn(Integer.MAX_VALUE);
    }

    /// For datagrams.
    ///
    /// @param fullRead as many as one read can bring
    RecvByteBufAllocator forDatagrams(int fullRead) {
        return () -> new Turn(fullRead);
    }

    private final class Turn implements RecvByteBufAllocator.ExtendedHandle {
        private final int fullRead;
        private int attemptedBytes;
        private int lastBytes;
        private int lastMessages;
        private int messages;

        Turn(int fullRead) {
            this.fullRead = fullRead;
        }

        @Override
        public ByteBuf allocate(ByteBufAllocator allocator) {
            boolean free = shared.refCnt() == 1;
            return free ? shared.clear().retain() : allocator.directBuffer(shared.capacity(), shared.capacity());
        }

        @Override
        public int guess() {
            return shared.capacity();
        }

        @Override
        public void reset(ChannelConfig config) {
            messages = 0;
        }

        @Override
        public void incMessagesRead(int count) {
            lastMessages = count;
            messages += count;
        }

        @Override
        public void lastBytesRead(int count) {
            lastBytes = count;
        }

        @Override
        public int lastBytesRead() {
            return lastBytes;
        }

        @Override
        public void attemptedBytesRead(int count) {
            attemptedBytes = count;
        }

        @Override
        public int attemptedBytesRead() {
            return attemptedBytes;
        }

        @Override
        public boolean continueReading() {
            return messages < maxMessagesPerTurn && (lastMessages == fullRead || lastBytes == attemptedBytes);
        }

        @Override
        public boolean continueReading(UncheckedBooleanSupplier maybeMoreData) {
            return continueReading();
        }

        @Override
        public void readComplete() {}
    }
}
