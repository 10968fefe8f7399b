package tapedeck.settings;

import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/// All settings, checked. INTERFACE.md names each key; a value that reached this tree is valid.
///
/// @param cli port of the JSON command line
public record Settings(
        Path dataDir,
        Http http,
        Rtmp rtmp,
        Rtsp rtsp,
        WebRtc webrtc,
        Ingest ingest,
        Rights rights,
        Tls tls,
        Relays relays,
        Port cli,
        Recording recording,
        Hooks hooks,
        Database database,
        Unbuilt unbuilt) {

    /// A port to listen on: empty turns the protocol off, 0 takes a free one.
    public record Port(String key, OptionalInt number) {}

    /// @param tlsPort of HTTPS, the same as on `port`
    /// @param tunnelPort of RTMPT alone
    /// @param rewindSeconds how far back viewers may go in what is recorded of a live stream; 0 for not at all
    /// @param callsPerSecond of REST that change something, from one address; 0 for any number
    public record Http(
            Port port,
            Port tlsPort,
            Port tunnelPort,
            boolean trustLoopback,
            List<String> trustedProxies,
            int callsPerSecond,
            Disposition disposition,
            int rewindSeconds) {
        /// What `Content-Disposition` says of a recording.
        public enum Disposition {
            INLINE,
            ATTACHMENT
        }
    }

    /// @param tlsPort of RTMPS
    public record Rtmp(Port port, Port tlsPort) {}

    /// What the TLS ports show, in PEM; both or none. With none, a certificate of our own is made.
    public record Tls(Optional<Path> certificate, Optional<Path> key) {}

    /// @param firstRtpPort to `lastRtpPort`: UDP ports for RTP and RTCP
    public record Rtsp(Port port, Port securePort, int firstRtpPort, int lastRtpPort) {
        /// Without TLS.
        public Rtsp(Port port, int firstRtpPort, int lastRtpPort) {
            this(port, new Port("rtsps_port", OptionalInt.empty()), firstRtpPort, lastRtpPort);
        }
    }

    /// @param announce what [Announced] reads; empty announces the addresses of the machine's interfaces
    /// @param preInit whether the first session's classes are loaded and its code is warmed at the start
    /// @param iceServers that clients are told of
    public record WebRtc(Port port, List<String> announce, boolean preInit, List<IceServer> iceServers) {
        public WebRtc {
            announce = List.copyOf(announce);
            iceServers = List.copyOf(iceServers);
        }
    }

    /// Streams that are fetched from other servers and sent to them.
    ///
    /// @param allow where that may be beyond public addresses: addresses, networks, words
    /// @param holdSeconds how long a stream stays that lost its source
    /// @param tlsCa whose certificates count: "" for what Java knows, a file, or `none` for any
    public record Relays(List<Relayed> pulls, List<Relayed> pushes, List<String> allow, int holdSeconds, String tlsCa) {
        /// Nothing at the start, and nowhere but to public addresses.
        public static final Relays NONE = new Relays(List.of(), List.of(), List.of(), 60, "");

        public Relays {
            pulls = List.copyOf(pulls);
            pushes = List.copyOf(pushes);
            allow = List.copyOf(allow);
        }
    }

    /// One stream that is fetched or sent from the start on.
    ///
    /// @param address may have a password
    /// @param options for the protocol
    public record Relayed(String name, String address, Map<String, String> options) {
        public Relayed {
            options = Map.copyOf(options);
        }

        @Override
        public String toString() {
            return "Relayed[name=%s]".formatted(name);
        }
    }

    /// The ways in that have no place for a password.
    ///
    /// @param multicast groups that transport streams are taken from
    /// @param exempt addresses and networks that may publish there although they show nothing
    /// @param files folder of what `file:` pulls may play
    public record Ingest(
            Port mpegTs, Port liveFlv, List<MulticastGroup> multicast, List<String> exempt, Optional<Path> files) {
        public Ingest {
            multicast = List.copyOf(multicast);
            exempt = List.copyOf(exempt);
        }
    }

    /// @param network the name of an interface; "" for the system's choice
    public record MulticastGroup(InetAddress address, int port, String network) {}

    /// Who may publish and play.
    ///
    /// @param users file of names and hashed passwords
    public record Rights(Proof publish, Proof play, Path users, Jwt jwt, AuthWebhook webhook) {
        /// Nobody is asked for anything.
        public static final Rights NONE = new Rights(
                Proof.NONE,
                Proof.NONE,
                Path.of("conf", "users.properties"),
                new Jwt("", Optional.empty(), "", ""),
                new AuthWebhook(Optional.empty(), 5));

        /// How a peer shows that it may.
        public enum Proof {
            NONE,
            PASSWORD,
            JWT,
            WEBHOOK
        }
    }

    /// Whose tokens count: those signed with `secret`, or with a key that is found at `keys`; one of them is set where
    /// tokens are asked for.
    ///
    /// @param secret of HS256; "" where there is none
    /// @param keys a JSON Web Key Set
    /// @param issuer that `iss` has to name; "" for any
    /// @param audience that `aud` has to name; "" for any
    public record Jwt(String secret, Optional<URI> keys, String issuer, String audience) {
        @Override
        public String toString() {
            return "Jwt[keys=%s, issuer=%s, audience=%s]".formatted(keys, issuer, audience);
        }
    }

    /// Who is asked whether a peer may; there is a `url` where it is asked.
    public record AuthWebhook(Optional<URI> url, int timeoutSeconds) {}

    /// Ways in that no key of the recording page names.
    public enum Way {
        MPEGTS,
        LIVEFLV,
        RTP,
        HTTP,
        MIXER
    }

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

    /// Of a file of many streams.
    public enum MultiFormat {
        MP4,
        MKV
    }

    public enum Mp4Audio {
        AAC,
        COPY
    }

    /// Where a recording goes on when an H.264, H.265 or AV1 picture changes its size.
    public enum SizeChange {
        /// In the same file for WebRTC, in a new part for all others.
        AUTO,
        SAME_FILE,
        NEW_PART
    }

    /// @param streams master switch
    /// @param others `record_other_streams`: further ways in whose streams are recorded
    /// @param rtmpStreams `record_flash_published_streams`
    /// @param formats container for each video codec
    /// @param rotation when a new file begins: `disabled`, seconds (`20`) or megabytes (`10M`)
    /// @param rotationIndexed whether the files of a rotation are numbered
    /// @param dir where finished recordings are
    /// @param tmpDir where files are while they grow
    /// @param multiDir where finished recordings of many streams are
    /// @param multiFormat the container of those
    /// @param cutsDir where cuts of finished recordings are
    /// @param fragmentMillis the most that a crash can lose
    /// @param fsync empty never, 0 after every fragment, else at most that many milliseconds apart
    /// @param directIo whether large writes go past the page cache where the file system can
    /// @param minSpaceBytes free space below which no recording starts and running ones stop
    /// @param audioBufferPackets how much sound waits for a recording's first picture
    /// @param prerollSeconds how far before its start a recording on demand begins
    public record Recording(
            boolean streams,
            boolean rtmpStreams,
            boolean rtspStreams,
            boolean whipStreams,
            Set<Way> others,
            Map<VideoFormat, FileFormat> formats,
            SizeChange sizeChange,
            String nameTemplate,
            NameEncoding nameEncoding,
            String excludedCharacters,
            String rotation,
            boolean rotationIndexed,
            Path dir,
            Path tmpDir,
            Path multiDir,
            MultiFormat multiFormat,
            Path cutsDir,
            int fragmentMillis,
            OptionalLong fsync,
            boolean directIo,
            int threads,
            long minSpaceBytes,
            int errorIntervalMinutes,
            int maxErrorsPerInterval,
            int stopTimeoutSeconds,
            int audioBufferPackets,
            int prerollSeconds,
            Mp4 mp4,
            Webm webm,
            Aac aac,
            Retention retention) {
        public Recording {
            others = Set.copyOf(others);
            formats = Map.copyOf(formats);
        }
    }

    /// @param audio what becomes of sound that is not AAC
    /// @param moovFirst whether the index stands in front of the media
    /// @param keepsReserve whether the room that was reserved for the index stays in the file
    /// @param reserveKib that room
    public record Mp4(Mp4Audio audio, boolean moovFirst, boolean keepsReserve, int reserveKib) {}

    /// When a cluster ends, at the latest.
    public record Webm(int clusterMillis, int clusterBytes) {}

    /// How sound is converted.
    ///
    /// @param bitrateMode 0 constant, 1 to 5 variable with rising quality
    public record Aac(int sampleRateHz, int channels, int bitrateMode) {}

    /// When finished recordings are deleted; 0 never.
    ///
    /// @param days after they ended
    /// @param maxBytes of all of them together: the oldest go first
    /// @param minFreeBytes on the disk: the oldest go first
    public record Retention(int days, long maxBytes, long minFreeBytes) {}

    public enum NameEncoding {
        PLAIN,
        HEX,
        BASE64
    }

    /// @param onRecord `on_record_hook_script`
    /// @param timeoutSeconds after which a script is killed
    /// @param parallel scripts that run together at most
    /// @param onMultiple `on_multiple_record_hook_script`
    /// @param multipleTimeoutSeconds after which that one is killed: it may mix for hours
    public record Hooks(
            Optional<Path> onRecord,
            int timeoutSeconds,
            int parallel,
            Optional<Path> onMultiple,
            int multipleTimeoutSeconds,
            Optional<Webhook> webhook) {}

    /// Told of every finished recording by POST.
    ///
    /// @param secret key of the HMAC signature; empty signs nothing
    public record Webhook(URI url, String secret) {}

    /// @param url a JDBC URL; empty for the embedded database in the data folder
    public record Database(String url, String user, String password) {}

    /// Settings that are part of the contract, read and checked, but whose feature is not built yet: key to value, only
    /// those that were set to something else than their default.
    public record Unbuilt(Map<String, String> values) {
        public Unbuilt {
            values = Map.copyOf(values);
        }
    }
}
