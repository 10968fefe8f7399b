package tapedeck.protocol.webrtc.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;

/// One direct buffer for all reads of a loop: what was read is used up before the next read. Netty's own allocators
/// cost far more here, DESIGN §5.
final class LoopBuffer extends DefaultMaxMessagesRecvByteBufAllocator {
    private final ByteBuf shared;

    LoopBuffer(int sizeBytes, int maxReadsPerTurn) {
        super(maxReadsPerTurn);
        shared = Unpooled.directBuffer(sizeBytes, sizeBytes);
    }

    @Override
    @SuppressWarnings("deprecation") // The supertype's signature names it.
    public Handle newHandle() {
        return new MaxMessageHandle() {
            @Override
            public int guess() {
                return shared.capacity();
            }

            @Override
            public ByteBuf allocate(ByteBufAllocator allocator) {
                boolean free = shared.refCnt() == 1;
                return free ? shared.clear().retain() : allocator.directBuffer(shared.capacity(), shared.capacity());
            }
        };
    }
}
