package tapedeck.protocol.rtmp;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tapedeck.bytes.MalformedException;
import tapedeck.rights.Decision;
import tapedeck.rights.Request;

/// A `publish` or `play` whose rights are being asked for, which may take seconds.
///
/// Most encoders wait for the answer, but some send their headers and first pictures at once: those are kept until the
/// answer is there, up to a bound.
final class Asking {
    /// What such an encoder may send before it is known whether it may.
    static final int MAX_EARLY_BYTES = 4 * 1024 * 1024;

    static final int MAX_EARLY_MESSAGES = 2_000;
    /// Metadata is values already; their size is not known any more, only what it was at most.
    private static final int DATA_BYTES = 256 * 1024;

    private final Request.Action action;
    private final int streamId;
    private final StreamRequest request;
    private final List<RtmpMessage.Published> early = new ArrayList<>();
    private int earlyBytes;

    Asking(Request.Action action, int streamId, StreamRequest request) {
        this.action = action;
        this.streamId = streamId;
        this.request = request;
    }

    Request.Action action() {
        return action;
    }

    int streamId() {
        return streamId;
    }

    StreamRequest request() {
        return request;
    }

    /// @param connected parameters of `connect`; those of the stream's name come before them
    Request question(InetAddress address, Map<String, String> connected) {
        Map<String, String> all = new LinkedHashMap<>(connected);
        all.putAll(request.parameters());
        return new Request(
                action,
                request.name().value(),
                "rtmp",
                address,
                Request.Credentials.ofParameters(all),
                Request.Credentials.without(all));
    }

    /// @throws MalformedException if that is too much from a peer that may have no right to send anything
    void keep(RtmpMessage.Published message) {
        earlyBytes += switch (message) {
            case RtmpMessage.Audio audio -> audio.body().length();
            case RtmpMessage.Video video -> video.body().length();
            case RtmpMessage.Aggregate aggregate -> aggregate.body().length();
            case RtmpMessage.Data _ -> DATA_BYTES;
        };
        if (earlyBytes > MAX_EARLY_BYTES || early.size() == MAX_EARLY_MESSAGES) {
            throw new MalformedException(
                    "RTMP: more than %d bytes before publishing was allowed".formatted(MAX_EARLY_BYTES));
        }
        early.add(message);
    }

    List<RtmpMessage.Published> early() {
        return early;
    }

    /// What `onStatus` says to a peer that may not.
    String refusedCode() {
        return switch (action) {
            case PUBLISH -> "NetStream.Publish.Denied";
            case PLAY -> "NetStream.Play.Failed";
        };
    }

    static String sentence(Decision.Refused refused) {
        String reason = refused.reason();
        return Character.toUpperCase(reason.charAt(0)) + reason.substring(1) + ".";
    }
}
