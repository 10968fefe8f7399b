package tapedeck.protocol.rtmp;

import io.netty.buffer.ByteBuf;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.container.flv.Amf0;
import tapedeck.net.Connection;

/// What the server says. Messages gather until [#flush()] and leave in one system call.
final class RtmpReplies {
    /// The most that we send without an acknowledgement, and that a peer may: 5.4.4 and 5.4.5. Nobody waits for it
    /// here.
    static final int WINDOW_BYTES = 2_500_000;

    /// What a publisher may send under its FourCC, as [tapedeck.container.flv.FlvDemuxer] takes it.
    private static final List<String> VIDEO_FOUR_CCS = List.of("avc1", "hvc1", "av01", "vp09", "vp08");

    private static final List<String> AUDIO_FOUR_CCS = List.of("mp4a", "Opus", ".mp3");

    /// All of them.
    static final List<String> FOUR_CCS =
            Stream.concat(VIDEO_FOUR_CCS.stream(), AUDIO_FOUR_CCS.stream()).toList();

    private static final int BUFFER_BYTES = 1024;
    private static final int DYNAMIC_LIMIT = 2;

    private final Connection connection;
    private final ChunkEncoder encoder;
    private @Nullable ByteBuf gathered;

    RtmpReplies(Connection connection, ChunkEncoder encoder) {
        this.connection = connection;
        this.encoder = encoder;
    }

    void raw(byte[] bytes) {
        buffer().writeBytes(bytes);
    }

    void flush() {
        if (gathered != null) {
            ByteBuf bytes = gathered;
            gathered = null;
            connection.send(bytes);
        }
    }

    private ByteBuf buffer() {
        if (gathered == null) {
            gathered = connection.buffer(BUFFER_BYTES);
        }
        return gathered;
    }

    /// @param asked the object of the peer's `connect`: whoever names FourCCs in it is told those that are taken
    void connected(double transaction, @Nullable Object asked) {
        control(RtmpMessage.WINDOW_SIZE, new ByteWriter(4).u32(WINDOW_BYTES));
        control(RtmpMessage.PEER_BANDWIDTH, new ByteWriter(5).u32(WINDOW_BYTES).u8(DYNAMIC_LIMIT));
        chunkSize();
        // The version is one that clients take as a reason to use all that is specified.
        result(
                transaction,
                server(asked),
                properties(
                        "level",
                        "status",
                        "code",
                        "NetConnection.Connect.Success",
                        "description",
                        "Connection succeeded.",
                        "objectEncoding",
                        0.0));
    }

    /// 5.4.1: from the next message on.
    void chunkSize() {
        control(RtmpMessage.SET_CHUNK_SIZE, new ByteWriter(4).u32(ChunkEncoder.CHUNK_SIZE));
        encoder.chunkSize(ChunkEncoder.CHUNK_SIZE);
    }

    /// 7.2.1.1: the connection is closed behind it.
    void rejected(double transaction, String description) {
        Map<String, Object> status = status("error", "NetConnection.Connect.Rejected", description);
        command(0, "_error", transaction, null, status);
    }

    private static Map<String, Object> server(@Nullable Object asked) {
        Map<String, Object> server = properties("fmsVer", "FMS/3,5,7,7009", "capabilities", 31.0, "mode", 1.0);
        if (asked instanceof Map<?, ?> client
                && (client.containsKey("fourCcList")
                        || client.containsKey("videoFourCcInfoMap")
                        || client.containsKey("audioFourCcInfoMap"))) {
            server.put("fourCcList", FOUR_CCS);
            server.put("videoFourCcInfoMap", received(VIDEO_FOUR_CCS));
            server.put("audioFourCcInfoMap", received(AUDIO_FOUR_CCS));
        }
        return server;
    }

    void result(double transaction, @Nullable Object object, @Nullable Object value) {
        if (transaction != 0) {
            command(0, "_result", transaction, object, value);
        }
    }

    /// 7.2.2: what became of a publish or a play.
    void onStatus(int streamId, String level, String code, String description) {
        command(streamId, "onStatus", 0, null, status(level, code, description));
    }

    private void command(
            int streamId, String name, double transaction, @Nullable Object object, @Nullable Object value) {
        call(streamId, name, transaction, object, value);
    }

    /// 7.1.1: a command with all its arguments.
    void call(int streamId, String name, double transaction, @Nullable Object... arguments) {
        ByteWriter body = Amf0.write(new ByteWriter(128), name, transaction);
        Bytes message = Amf0.write(body, arguments).toBytes();
        encoder.write(buffer(), ChunkEncoder.COMMANDS, RtmpMessage.COMMAND, streamId, 0, message);
    }

    /// 7.1.7: how much we buffer as a player.
    void bufferLength(int streamId, int millis) {
        control(
                RtmpMessage.USER_CONTROL,
                new ByteWriter(10)
                        .u16(RtmpMessage.SET_BUFFER_LENGTH)
                        .u32(streamId)
                        .u32(millis));
    }

    /// Flash players read samples only where they are told that they may.
    void sampleAccess(int streamId) {
        Bytes body =
                Amf0.write(new ByteWriter(32), "|RtmpSampleAccess", true, true).toBytes();
        encoder.write(buffer(), ChunkEncoder.DATA, RtmpMessage.DATA, streamId, 0, body);
    }

    void userControl(int event, int value) {
        control(RtmpMessage.USER_CONTROL, new ByteWriter(6).u16(event).u32(value));
    }

    void acknowledgement(long bytes) {
        control(RtmpMessage.ACKNOWLEDGEMENT, new ByteWriter(4).u32(bytes));
    }

    private void control(int type, ByteWriter body) {
        encoder.write(buffer(), ChunkEncoder.CONTROL, type, 0, 0, body.toBytes());
    }

    /// Enhanced RTMP: 1 says that we take it in.
    private static Map<String, Object> received(List<String> fourCcs) {
        Map<String, Object> masks = new LinkedHashMap<>();
        fourCcs.forEach(fourCc -> masks.put(fourCc, 1.0));
        return masks;
    }

    private static Map<String, Object> status(String level, String code, String description) {
        return properties("level", level, "code", code, "description", description);
    }

    private static Map<String, Object> properties(Object... namesAndValues) {
        Map<String, Object> properties = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            properties.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return properties;
    }
}
