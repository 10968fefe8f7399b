package tapedeck.net.udp;

import io.netty.channel.ChannelException;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The kernel's buffer of what nobody read yet.
public final class ReceiveBuffer {
    /// `SOL_SOCKET`, `SO_RCVBUFFORCE`: beyond `net.core.rmem_max`, for the administrator only.
    private static final IntegerUnixChannelOption FORCED = new IntegerUnixChannelOption("SO_RCVBUFFORCE", 1, 33);

    private static final Logger log = LoggerFactory.getLogger(ReceiveBuffer.class);

    private ReceiveBuffer() {}

    /// As large as is wished, where the system lets us.
    public static void enlarge(DatagramChannel channel, int bytes) {
        if (channel instanceof EpollDatagramChannel) {
            try {
                channel.config().setOption(FORCED, bytes);
            } catch (ChannelException e) {
                log.debug("port {}: {}", channel.localAddress().getPort(), e.toString());
            }
        }
    }
}
