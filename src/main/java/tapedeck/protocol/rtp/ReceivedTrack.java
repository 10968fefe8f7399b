package tapedeck.protocol.rtp;

import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.net.udp.DatagramPair;
import tapedeck.net.udp.Datagrams;
import tapedeck.net.udp.PortPairs;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.RtpTracks;
import tapedeck.rtp.srtp.SrtpReceiver;
import tapedeck.rtp.srtp.SrtpSender;

/// One section of a description on its pair of ports. The first source whose packet is RTP (with keys: an authentic
/// one) is the peer from then on, wherever it said that it would be; others are counted and dropped.
final class ReceivedTrack implements Datagrams {
    private static final int RTCP_OVERHEAD_BYTES = 64;

    private final int index;
    private final RtpTracks tracks;
    private final @Nullable SrtpReceiver opener;
    private final @Nullable SrtpSender sealer;
    private final LongConsumer batchIsIn;
    private final DatagramPair pair;
    private @Nullable InetAddress peer;
    private @Nullable InetSocketAddress mediaPeer;
    private @Nullable InetSocketAddress controlPeer;
    private long strangers;

    /// @param theirs keys of what comes
    /// @param ours keys of our reports
    /// @param batchIsIn told the time when all that was there was taken
    ReceivedTrack(
            int index,
            RtpTracks tracks,
            Optional<CryptoLine> theirs,
            Optional<CryptoLine> ours,
            PortPairs ports,
            EventLoop loop,
            InetAddress local,
            LongConsumer batchIsIn)
            throws IOException {
        this.index = index;
        this.tracks = tracks;
        this.opener = theirs.isPresent() ? new SrtpReceiver(theirs.get().keys()) : null;
        this.sealer = ours.isPresent() ? new SrtpSender(ours.get().keys()) : null;
        this.batchIsIn = batchIsIn;
        this.pair = ports.open(loop, local, this);
    }

    int index() {
        return index;
    }

    int port() {
        return pair.port();
    }

    long strangers() {
        return strangers;
    }

    @Override
    public void received(boolean control, InetSocketAddress sender, Bytes datagram) {
        InetSocketAddress known = control ? controlPeer : mediaPeer;
        // Media and reports come from one address; from which of its ports, the first of either shows.
        boolean stranger = known == null ? peer != null && !sender.getAddress().equals(peer) : !sender.equals(known);
        if (stranger) {
            strangers++;
            return;
        }
        Bytes plain = opened(control, datagram);
        if (plain == null || plain.length() < 2 || plain.u8(0) >> 6 != 2) {
            return;
        }
        peer = sender.getAddress();
        if (control) {
            controlPeer = sender;
        } else {
            mediaPeer = sender;
        }
        tracks.receive(index, control, plain, System.nanoTime());
    }

    /// Null if it is not authentic.
    private @Nullable Bytes opened(boolean control, Bytes datagram) {
        SrtpReceiver keys = opener;
        if (keys == null) {
            return datagram;
        }
        byte[] array = datagram.toByteArray();
        return control ? keys.unprotectRtcp(array, 0, array.length) : keys.unprotectRtp(array, 0, array.length);
    }

    @Override
    public void receivedAll() {
        batchIsIn.accept(System.nanoTime());
    }

    /// To where reports come from, or where they are expected by custom.
    void report(List<Rtcp> compound) {
        InetSocketAddress media = mediaPeer;
        if (media == null) {
            return;
        }
        InetSocketAddress to = controlPeer == null
                ? new InetSocketAddress(media.getAddress(), Math.min(media.getPort() + 1, 65_535))
                : controlPeer;
        Bytes plain = Rtcp.write(compound);
        SrtpSender keys = sealer;
        if (keys == null) {
            pair.control(plain, to);
            return;
        }
        byte[] sealed = new byte[plain.length() + RTCP_OVERHEAD_BYTES];
        byte[] array = plain.toByteArray();
        int length = keys.protectRtcp(array, 0, array.length, sealed, 0);
        pair.control(Bytes.wrap(sealed, 0, length), to);
    }

    void close() {
        pair.close();
    }
}
