package tapedeck.protocol.webrtc.sctp;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// The data channels of one association: opened by DCEP (RFC 8832), closed by resets of their streams (RFC 8831 6.7).
final class Channels implements StreamResets.Streams {
    static final int MAX_CHANNELS = 64;
    /// With those that wait for the peer to reset its side too.
    static final int MAX_ENTRIES = 256;
    /// Far above any chat; a peer that sends more loses the channel.
    static final int MAX_MESSAGES_PER_SECOND = 1_000;
    static final int MAX_BYTES_PER_SECOND = 4 << 20;

    /// Payload protocol identifiers, RFC 8831 8. Empty messages are one byte: SCTP has no empty ones.
    static final int PPID_DCEP = 50;

    static final int PPID_TEXT = 51;
    static final int PPID_BINARY = 53;
    static final int PPID_EMPTY_TEXT = 56;
    static final int PPID_EMPTY_BINARY = 57;

    private static final Bytes EMPTY_MESSAGE = Bytes.ofU8(0);

    /// What the channels need of their association.
    interface Line {
        boolean send(OutgoingMessage message);

        /// Resets our stream, if the peer can do that.
        void reset(int id);

        /// The streams that the peer used.
        List<Integer> peerStreams();

        void forgetOwn(int id);

        void forgetPeer(int id);
    }

    private final Line line;
    private final SctpEvents events;
    private final Map<Integer, Entry> entries = new HashMap<>();
    private final Rate messageRate = new Rate(MAX_MESSAGES_PER_SECOND);
    private final Rate byteRate = new Rate(MAX_BYTES_PER_SECOND);
    private int count;
    private long received;
    private long dropped;

    private static final class Entry {
        private final @Nullable DataChannel channel;
        private boolean confirmed;
        private boolean closed;
        private boolean ownReset;
        private boolean peerReset;

        Entry(@Nullable DataChannel channel) {
            this.channel = channel;
        }
    }

    Channels(Line line, SctpEvents events) {
        this.line = line;
        this.events = events;
    }

    int count() {
        return count;
    }

    long received() {
        return received;
    }

    long dropped() {
        return dropped;
    }

    /// Null if there are too many. RFC 8832 6: the side that is DTLS server, which is ours, takes odd ids.
    @Nullable
    DataChannel open(String label, String protocol, boolean ordered, DataChannel.Reliability how, int streams) {
        if (count == MAX_CHANNELS) {
            return null;
        }
        int id = 1;
        while (entries.containsKey(id)) {
            id += 2;
        }
        if (id >= streams) {
            return null;
        }
        DataChannel channel = new DataChannel(id, label, protocol, ordered, how);
        if (!line.send(reliable(id, Dcep.open(channel)))) {
            return null;
        }
        entries.put(id, new Entry(channel));
        count++;
        return channel;
    }

    private static OutgoingMessage reliable(int id, Bytes dcep) {
        return new OutgoingMessage(id, false, PPID_DCEP, dcep, OutgoingMessage.UNLIMITED, Long.MAX_VALUE);
    }

    /// False if it cannot be queued.
    boolean send(DataChannel channel, ChannelMessage message, long nowNanos) {
        Entry entry = entries.get(channel.id());
        if (entry == null || entry.closed || !channel.equals(entry.channel)) {
            return false;
        }
        boolean empty = message.data().isEmpty();
        int ppid = switch (message.kind()) {
            case TEXT -> empty ? PPID_EMPTY_TEXT : PPID_TEXT;
            case BINARY -> empty ? PPID_EMPTY_BINARY : PPID_BINARY;
        };
        int retransmits = OutgoingMessage.UNLIMITED;
        long expiresNanos = Long.MAX_VALUE;
        switch (channel.reliability()) {
            case DataChannel.Reliability.Full _ -> {}
            case DataChannel.Reliability.Retransmits most -> retransmits = most.most();
            case DataChannel.Reliability.Lifetime lifetime ->
                expiresNanos = nowNanos + TimeUnit.MILLISECONDS.toNanos(lifetime.millis());
        }
        // RFC 8832 6: nothing may overtake the OPEN of a channel before it is known to have come.
        boolean unordered = !channel.ordered() && entry.confirmed;
        return line.send(new OutgoingMessage(
                channel.id(), unordered, ppid, empty ? EMPTY_MESSAGE : message.data(), retransmits, expiresNanos));
    }

    /// A whole message, in order where its stream is ordered.
    void received(int id, long ppid, Bytes data, long nowNanos) {
        boolean allowed = messageRate.take(1, nowNanos) && byteRate.take(data.length(), nowNanos);
        Entry entry = entries.get(id);
        if (ppid == PPID_DCEP) {
            if (!allowed) {
                throw new MalformedException("SCTP: channels opened too often");
            }
            control(id, entry, data);
            return;
        }
        DataChannel channel = entry == null ? null : entry.channel;
        if (entry == null || channel == null || entry.closed) {
            dropped++;
            return;
        }
        if (!allowed) {
            dropped++;
            close(
                    channel,
                    "more than %d messages or %d bytes a second"
                            .formatted(MAX_MESSAGES_PER_SECOND, MAX_BYTES_PER_SECOND));
            return;
        }
        confirm(entry, channel);
        ChannelMessage message = switch ((int) ppid) {
            case PPID_TEXT -> new ChannelMessage(ChannelMessage.Kind.TEXT, data);
            case PPID_BINARY -> new ChannelMessage(ChannelMessage.Kind.BINARY, data);
            case PPID_EMPTY_TEXT -> new ChannelMessage(ChannelMessage.Kind.TEXT, Bytes.EMPTY);
            case PPID_EMPTY_BINARY -> new ChannelMessage(ChannelMessage.Kind.BINARY, Bytes.EMPTY);
            default -> null;
        };
        if (message == null) {
            dropped++;
            return;
        }
        received++;
        events.message(channel, message);
    }

    private void control(int id, @Nullable Entry entry, Bytes data) {
        switch (data.u8(0)) {
            case Dcep.OPEN -> {
                if (entry == null) {
                    opened(id, data);
                } else if (entry.closed && entry.peerReset) {
                    // For the peer the id is free: it performed our reset too, only its answer has not come yet.
                    line.forgetOwn(id);
                    entries.remove(id);
                    opened(id, data);
                } else {
                    dropped++;
                }
            }
            case Dcep.ACK -> {
                DataChannel channel = entry == null ? null : entry.channel;
                if (entry != null && channel != null && !entry.closed) {
                    confirm(entry, channel);
                }
            }
            default -> dropped++;
        }
    }

    private void opened(int id, Bytes data) {
        DataChannel channel;
        try {
            channel = Dcep.parseOpen(id, data);
        } catch (MalformedException e) {
            channel = null;
        }
        if (channel == null || count == MAX_CHANNELS) {
            dropped++;
            refuse(id);
            return;
        }
        demandRoom();
        Entry opened = new Entry(channel);
        opened.confirmed = true;
        entries.put(id, opened);
        count++;
        line.send(reliable(id, Dcep.ack()));
        events.channelOpened(channel);
    }

    private void demandRoom() {
        if (entries.size() == MAX_ENTRIES) {
            throw new MalformedException("SCTP: %d channels that the peer did not close".formatted(MAX_ENTRIES));
        }
    }

    private void refuse(int id) {
        demandRoom();
        Entry entry = new Entry(null);
        entry.closed = true;
        entries.put(id, entry);
        resetOwn(id, entry);
    }

    /// RFC 8832 6: the peer's first message says as much as its ACK.
    private void confirm(Entry entry, DataChannel channel) {
        if (!entry.confirmed) {
            entry.confirmed = true;
            events.channelOpened(channel);
        }
    }

    void close(DataChannel channel, String reason) {
        Entry entry = entries.get(channel.id());
        if (entry == null || entry.closed || !channel.equals(entry.channel)) {
            return;
        }
        entry.closed = true;
        count--;
        resetOwn(channel.id(), entry);
        events.channelClosed(channel, reason);
    }

    private void resetOwn(int id, Entry entry) {
        // A peer that cannot reset streams cannot use this id again either: it stays taken.
        entry.ownReset = false;
        line.reset(id);
    }

    @Override
    public void ownReset(List<Integer> ids) {
        for (int id : ids) {
            Entry entry = entries.get(id);
            if (entry != null && entry.closed) {
                line.forgetOwn(id);
                entry.ownReset = true;
                forgetIfReset(id, entry);
            }
        }
    }

    @Override
    public void peerReset(List<Integer> ids) {
        for (int id : ids.isEmpty() ? line.peerStreams() : ids) {
            line.forgetPeer(id);
            Entry entry = entries.get(id);
            if (entry == null) {
                continue;
            }
            entry.peerReset = true;
            DataChannel channel = entry.channel;
            if (channel != null) {
                close(channel, "the peer closed it");
            }
            forgetIfReset(id, entry);
        }
    }

    private void forgetIfReset(int id, Entry entry) {
        if (entry.ownReset && entry.peerReset) {
            entries.remove(id, entry);
        }
    }
}
