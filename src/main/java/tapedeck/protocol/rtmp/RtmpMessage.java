package tapedeck.protocol.rtmp;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.flv.Amf0;

/// One message as it came out of the chunks (RTMP specification 5.4, 6 and 7).
sealed interface RtmpMessage {
    int SET_CHUNK_SIZE = 1;
    int ABORT = 2;
    int ACKNOWLEDGEMENT = 3;
    int USER_CONTROL = 4;
    int WINDOW_SIZE = 5;
    int PEER_BANDWIDTH = 6;
    int AUDIO = 8;
    int VIDEO = 9;
    int DATA_AMF3 = 15;
    int COMMAND_AMF3 = 17;
    int DATA = 18;
    int COMMAND = 20;
    int AGGREGATE = 22;

    /// User control events, 7.1.7.
    int STREAM_BEGIN = 0;
    int STREAM_EOF = 1;
    int SET_BUFFER_LENGTH = 3;
    int PING_REQUEST = 6;
    int PING_RESPONSE = 7;

    /// What belongs to a stream that is published.
    sealed interface Published extends RtmpMessage {
        int streamId();
    }

    /// @param timestampMillis the low 32 bits of a clock that nobody set
    record Audio(int streamId, int timestampMillis, Bytes body) implements Published {}

    record Video(int streamId, int timestampMillis, Bytes body) implements Published {}

    /// FLV tags in one message, 7.1.6.
    record Aggregate(int streamId, int timestampMillis, Bytes body) implements Published {}

    record Data(int streamId, List<@Nullable Object> values) implements Published {}

    /// @param arguments what follows name and transaction: the command object first
    record Command(int streamId, String name, double transaction, List<@Nullable Object> arguments)
            implements RtmpMessage {
        @Nullable
        Object argument(int index) {
            return index < arguments.size() ? arguments.get(index) : null;
        }
    }

    /// The most that the peer wants to send without hearing of it, 5.4.4.
    record WindowSize(long windowBytes) implements RtmpMessage {}

    /// A ping, to be answered with the same time.
    record Ping(int time) implements RtmpMessage {}

    /// What was played is over, 7.1.7.
    record StreamEnd(int streamId) implements RtmpMessage {}

    /// What needs no answer: acknowledgements, other user control events, types that nobody knows.
    record Ignored(int type) implements RtmpMessage {}

    static RtmpMessage parse(int type, int streamId, int timestampMillis, Bytes body) {
        return switch (type) {
            case AUDIO -> new Audio(streamId, timestampMillis, body);
            case VIDEO -> new Video(streamId, timestampMillis, body);
            case AGGREGATE -> new Aggregate(streamId, timestampMillis, body);
            case DATA -> new Data(streamId, Amf0.readAll(body.reader()));
            case COMMAND -> command(streamId, Amf0.readAll(body.reader()));
            case DATA_AMF3 -> new Data(streamId, Amf0.readAllOfAmf3(body));
            case COMMAND_AMF3 -> command(streamId, Amf0.readAllOfAmf3(body));
            case WINDOW_SIZE -> new WindowSize(body.reader().u32());
            case USER_CONTROL -> userControl(body.reader());
            default -> new Ignored(type);
        };
    }

    private static RtmpMessage command(int streamId, List<@Nullable Object> values) {
        if (values.size() == 1 && values.getFirst() instanceof String name) {
            // 7.2.1 wants a transaction. ffmpeg says `onFCPublish` without when it is the server: nobody is to answer.
            return new Command(streamId, name, 0, List.of());
        }
        if (values.size() < 2 || !(values.get(0) instanceof String name) || !(values.get(1) instanceof Double id)) {
            throw new MalformedException("RTMP: a command without name and transaction");
        }
        return new Command(streamId, name, id, values.subList(2, values.size()));
    }

    private static RtmpMessage userControl(ByteReader in) {
        int event = in.u16();
        return switch (event) {
            case PING_REQUEST -> new Ping(in.i32());
            case STREAM_EOF -> new StreamEnd(in.i32());
            default -> new Ignored(USER_CONTROL);
        };
    }
}
