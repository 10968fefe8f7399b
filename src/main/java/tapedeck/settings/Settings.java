package tapedeck.settings;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// All settings, checked. INTERFACE.md names each key; a value that reached this tree is valid.
public record Settings(
        Path dataDir, Http http, Rtmp rtmp, WebRtc webrtc, Recording recording, Hooks hooks, Unbuilt unbuilt) {

    /// A port to listen on: empty turns the protocol off, 0 takes a free one.
    public record Port(String key, OptionalInt number) {}

    public record Http(Port port, boolean trustLoopback, List<String> trustedProxies, Disposition disposition) {
        /// What `Content-Disposition` says of a recording.
        public enum Disposition {
            INLINE,
            ATTACHMENT
        }
    }

    public record Rtmp(Port port) {}

    /// @param announce addresses put into the SDP answer; empty announces those of the machine's interfaces
    /// @param preInit whether the first session's classes are loaded and its code is warmed at the start
    public record WebRtc(Port port, List<String> announce, boolean preInit) {}

    public enum VideoFormat {
        H264,
        H265,
        VP8,
        VP9,
        AV1
    }

    public enum FileFormat {
        MP4,
        WEBM,
        MKV,
        TS
    }

    public enum Mp4Audio {
        AAC,
        COPY
    }

    /// @param streams master switch
    /// @param rtmpStreams `record_flash_published_streams`
    /// @param formats container for each video codec
    /// @param dir where finished recordings are
    /// @param tmpDir where files are while they grow
    /// @param fragmentMillis the most that a crash can lose
    /// @param fsync empty never, 0 after every fragment, else at most that many milliseconds apart
    /// @param directIo whether large writes go past the page cache where the file system can
    /// @param moovReserveKib room at the front of an MP4 for the index that finishing writes
    /// @param minSpaceBytes free space below which no recording starts and running ones stop
    public record Recording(
            boolean streams,
            boolean rtmpStreams,
            boolean rtspStreams,
            boolean whipStreams,
            Map<VideoFormat, FileFormat> formats,
            String nameTemplate,
            NameEncoding nameEncoding,
            String excludedCharacters,
            Path dir,
            Path tmpDir,
            int fragmentMillis,
            OptionalLong fsync,
            boolean directIo,
            int moovReserveKib,
            int threads,
            long minSpaceBytes,
            int errorIntervalMinutes,
            int maxErrorsPerInterval,
            int stopTimeoutSeconds,
            Mp4Audio mp4Audio) {
        public Recording {
            formats = Map.copyOf(formats);
        }
    }

    public enum NameEncoding {
        PLAIN,
        HEX,
        BASE64
    }

    /// @param onRecord `on_record_hook_script`
    public record Hooks(Optional<Path> onRecord) {}

    /// Settings that are part of the contract, read and checked, but whose feature is not built yet: key to value, only
    /// those that were set to something else than their default.
    public record Unbuilt(Map<String, String> values) {
        public Unbuilt {
            values = Map.copyOf(values);
        }
    }
}
