package tapedeck.protocol.webrtc;

import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.protocol.webrtc.sctp.ChannelMessage;
import tapedeck.protocol.webrtc.sctp.DataChannel;
import tapedeck.protocol.webrtc.sctp.SctpAssociation;
import tapedeck.protocol.webrtc.sctp.SctpEvents;
import tapedeck.rtp.sdp.DataSection;
import tapedeck.stream.Item;

/// One peer's data channels between its association and the stream: what the peer says becomes a message of the stream,
/// and what others say there goes to the peer, on a channel of the same label. Lives on its port's loop.
///
/// The peer's own channel of a label is used where there is one, whatever its reliability; else one is opened, ordered
/// and reliable. A label whose channel the peer has closed is left alone.
final class DataChannels implements SctpEvents {
    /// Messages from the stream that wait until the association is up, which takes two round trips.
    static final int MAX_EARLY = 64;

    private static final Logger log = LoggerFactory.getLogger(DataChannels.class);
    private static final SecureRandom RANDOM = new SecureRandom();

    private final String name;
    private final String sender;
    private final Consumer<Bytes> transport;
    private final Predicate<Item.Message> stream;
    private final SctpAssociation association;
    private final Map<String, DataChannel> byLabel = new LinkedHashMap<>();
    private final Set<String> unwanted = new HashSet<>();
    private final Queue<Item.Message> early = new ArrayDeque<>();
    private boolean open;
    private boolean ended;
    private long nowNanos;
    private long said;
    private long refused;
    private long heard;
    private long unheard;
    private long malformed;

    /// @param name for the log
    /// @param sender names the peer to others
    /// @param offered the peer's half
    /// @param transport takes packets for the peer
    /// @param stream takes what the peer says; false if it was dropped
    DataChannels(
            String name,
            String sender,
            DataSection offered,
            Consumer<Bytes> transport,
            Predicate<Item.Message> stream) {
        this.name = name;
        this.sender = sender;
        this.transport = transport;
        this.stream = stream;
        this.association = new SctpAssociation(offered.sctpPort(), offered.maxMessageBytes(), RANDOM, this);
    }

    /// RFC 8841 9.3: both sides begin.
    void begin(long now) {
        nowNanos = now;
        association.connect(now);
    }

    /// A packet of the peer.
    void received(Bytes packet, long now) {
        nowNanos = now;
        try {
            association.receive(packet, now);
        } catch (MalformedException e) {
            malformed++;
            log.debug("{}: {}", name, e.getMessage());
        }
    }

    void tick(long now) {
        if (association.nextDeadlineNanos() <= now) {
            nowNanos = now;
            association.poll(now);
        }
    }

    /// Somebody said something in the stream.
    void message(Item.Message message, long now) {
        nowNanos = now;
        if (message.sender().equals(sender) || ended) {
            return;
        }
        if (open) {
            forward(message);
        } else if (early.size() < MAX_EARLY) {
            early.add(message);
        } else {
            unheard++;
        }
    }

    private void forward(Item.Message message) {
        DataChannel channel = channel(message);
        ChannelMessage.Kind kind = message.text() ? ChannelMessage.Kind.TEXT : ChannelMessage.Kind.BINARY;
        if (channel != null && association.send(channel, new ChannelMessage(kind, message.data()), nowNanos)) {
            heard++;
        } else {
            unheard++;
        }
    }

    private @Nullable DataChannel channel(Item.Message message) {
        DataChannel channel = byLabel.get(message.label());
        if (channel == null && !unwanted.contains(message.label())) {
            channel = association.open(
                    message.label(), message.protocol(), true, new DataChannel.Reliability.Full(), nowNanos);
            if (channel != null) {
                byLabel.put(message.label(), channel);
            }
        }
        return channel;
    }

    @Override
    public void send(Bytes packet) {
        transport.accept(packet);
    }

    @Override
    public void opened() {
        open = true;
        early.forEach(this::forward);
        early.clear();
    }

    @Override
    public void channelOpened(DataChannel channel) {
        log.debug("{}: {}", name, channel);
        byLabel.putIfAbsent(channel.label(), channel);
        unwanted.remove(channel.label());
    }

    @Override
    public void message(DataChannel channel, ChannelMessage message) {
        boolean text = message.kind() == ChannelMessage.Kind.TEXT;
        if (!ended
                && stream.test(
                        new Item.Message(channel.label(), channel.protocol(), sender, text, 0, message.data()))) {
            said++;
        } else {
            refused++;
        }
    }

    @Override
    public void channelClosed(DataChannel channel, String reason) {
        log.debug("{}: channel \"{}\" closed: {}", name, channel.label(), reason);
        if (byLabel.remove(channel.label(), channel) && unwanted.size() < SctpAssociation.MAX_CHANNELS) {
            unwanted.add(channel.label());
        }
    }

    @Override
    public void ended(String reason) {
        ended = true;
        open = false;
        early.clear();
        byLabel.clear();
        log.info("{}: data channels ended: {} ({})", name, reason, this);
    }

    /// Counters for the log.
    @Override
    public String toString() {
        SctpAssociation.Statistics sctp = association.statistics();
        return "messages in %d, out %d, refused %d, not sent %d, dropped %d, given up %d, repeats %d, malformed %d"
                .formatted(
                        said,
                        heard,
                        refused,
                        unheard,
                        sctp.messagesDropped(),
                        sctp.messagesAbandoned(),
                        sctp.retransmitted(),
                        malformed);
    }
}
