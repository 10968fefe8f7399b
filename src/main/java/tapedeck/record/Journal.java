package tapedeck.record;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tapedeck.container.Container;
import tapedeck.record.Naming.Element;

/// All that is needed to bring one growing file to its end, kept in a small file beside it for as long as something is
/// still to be done. Each step is written down so that it is done once, whenever the server dies.
///
/// @param id names the growing file and this journal
/// @param index number of the part in the file's name, 0 for none
/// @param ending null while the part grows
/// @param placement null until the file is finished and has its name
/// @param reservedName held for it from its first frame on; null where its name is known only at its end
record Journal(
        String id,
        Container container,
        Naming naming,
        int index,
        Origin origin,
        @Nullable Ending ending,
        @Nullable Placement placement,
        @Nullable String reservedName) {

    /// What is recorded.
    ///
    /// @param startTimeMillis the part's first time stamp on the stream's clock, in milliseconds since 1970
    /// @param startedAtMillis the server's clock at the part's start
    /// @param recordingId the same for all parts of a recording
    /// @param part its number in the recording, from 1
    /// @param recorderUri of a recorder of many streams; "" for the recording of one
    record Origin(
            String streamName,
            String mediaSessionId,
            String sessionId,
            String login,
            String audioCodec,
            String videoCodec,
            long startTimeMillis,
            long startedAtMillis,
            String recordingId,
            String protocol,
            int part,
            String recorderUri) {
        /// Journals of earlier versions end before these four.
        Origin {
            recordingId = Objects.requireNonNullElse(recordingId, "");
            protocol = Objects.requireNonNullElse(protocol, "");
            recorderUri = Objects.requireNonNullElse(recorderUri, "");
        }

        Origin(
                String streamName,
                String mediaSessionId,
                String sessionId,
                String login,
                String audioCodec,
                String videoCodec,
                long startTimeMillis,
                long startedAtMillis) {
            this(
                    streamName,
                    mediaSessionId,
                    sessionId,
                    login,
                    audioCodec,
                    videoCodec,
                    startTimeMillis,
                    startedAtMillis,
                    "",
                    "",
                    0,
                    "");
        }

        /// Whether the file has many streams.
        boolean ofMany() {
            return !recorderUri.isEmpty();
        }
    }

    /// @param quality null if nobody was there to measure
    record Ending(
            EndReason reason, long endedAtMillis, @Nullable Quality quality) {
        Ending(EndReason reason, long endedAtMillis) {
            this(reason, endedAtMillis, null);
        }
    }

    record Placement(String fileName, long sizeBytes, long durationNanos) {}

    private static final long NANOS_PER_MILLI = 1_000_000;
    /// What stands for a time of the stream where there are many with clocks of their own.
    private static final String NO_STREAM_TIME = "-1";

    static Journal begun(String id, Container container, Naming naming, int index, Origin origin) {
        return new Journal(id, container, naming, index, origin, null, null, null);
    }

    Journal ended(Ending how) {
        return new Journal(id, container, naming, index, origin, how, placement, reservedName);
    }

    Journal placed(Placement where) {
        return new Journal(id, container, naming, index, origin, ending, where, reservedName);
    }

    Journal reserved(String name) {
        return new Journal(id, container, naming, index, origin, ending, placement, name);
    }

    /// The name of the finished file, as far as it is known while it grows.
    String expectedName() {
        return reservedName != null
                ? reservedName
                : Naming.file(naming.base(nameValues()), index, 1, container.extension());
    }

    /// What is known of the name while the part grows.
    Map<Element, String> nameValues() {
        Map<Element, String> values = new EnumMap<>(Element.class);
        values.put(Element.STREAM_NAME, origin.streamName());
        values.put(Element.SESSION_ID, Naming.base64(origin.sessionId()));
        values.put(Element.MEDIA_SESSION_ID, origin.mediaSessionId());
        values.put(Element.LOGIN, origin.login());
        values.put(Element.AUDIO_CODEC, origin.audioCodec());
        values.put(Element.VIDEO_CODEC, origin.videoCodec());
        values.put(Element.START_TIME, origin.ofMany() ? NO_STREAM_TIME : Long.toString(origin.startTimeMillis()));
        values.put(Element.START_TIME_MILLIS, Long.toString(origin.startedAtMillis()));
        if (origin.ofMany()) {
            values.put(Element.STREAM_NAME, Naming.ofUri(origin.recorderUri()));
            values.put(Element.END_TIME, NO_STREAM_TIME);
        }
        return values;
    }

    /// The name without suffix and extension, now that the duration is known.
    String finalBase(long durationNanos, long endedAtMillis) {
        Map<Element, String> values = nameValues();
        long durationMillis = durationNanos / NANOS_PER_MILLI;
        values.put(Element.DURATION, Long.toString(durationMillis));
        values.putIfAbsent(Element.END_TIME, Long.toString(origin.startTimeMillis() + durationMillis));
        values.put(Element.END_TIME_MILLIS, Long.toString(endedAtMillis));
        return naming.base(values);
    }
}
