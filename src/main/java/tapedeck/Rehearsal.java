package tapedeck;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Feedback;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;

/// Streams that a server sends to itself by WebRTC, and records, while the JVM takes notes: what it writes down of the
/// methods that are called most (JEP 515) spares a later server the slow first minutes, and its first publishers and
/// viewers their wait.
final class Rehearsal {
    /// What the server has to be set to.
    static final Map<String, String> SETTINGS = Map.of(
            "pull_allow", "loopback",
            "record_whip_streams", "true",
            "record_mp4_audio", "copy",
            "on_record_hook_script", "",
            "publish_auth", "none",
            "play_auth", "none");

    /// How much of it.
    ///
    /// @param longStreams that last to the end
    /// @param shortStreams that come and go
    /// @param offers of viewers
    /// @param nanos after all others have gone
    record Length(int longStreams, int shortStreams, int offers, long nanos) {
        /// Methods that are called for each packet are called some ten thousand times.
        static final Length FULL = new Length(4, 25, 25, TimeUnit.SECONDS.toNanos(6));
    }

    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private static final int STEP_MILLIS = 5;
    private static final long PICTURE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    /// 4 Mbit/s.
    private static final int PICTURE_BYTES = 10_000;

    private static final int PICTURES_OF_GROUP = 100;
    /// 320 x 320, baseline.
    private static final Track VIDEO = new Track(
            Track.VIDEO,
            new Codec.H264(List.of(Bytes.ofHex("6742c01eda050299")), List.of(Bytes.ofHex("68ce3c80")), 320, 320));

    private static final Track AUDIO = new Track(Track.AUDIO, new Codec.Opus(2, 0));
    private static final int SLICE_OF_KEYFRAME = 0x65;
    private static final int SLICE = 0x41;

    /// As a browser offers to watch.
    private static final String OFFER = """
            v=0
            o=- 4611731400430051336 2 IN IP4 127.0.0.1
            s=-
            t=0 0
            a=group:BUNDLE 0 1
            m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103
            c=IN IP4 0.0.0.0
            a=ice-ufrag:abcd
            a=ice-pwd:abcdefghijklmnopqrstuvwx
            a=fingerprint:sha-256 %s
            a=setup:actpass
            a=mid:0
            a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
            a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
            a=recvonly
            a=rtcp-mux
            a=rtcp-rsize
            a=rtpmap:96 VP8/90000
            a=rtcp-fb:96 transport-cc
            a=rtcp-fb:96 nack
            a=rtcp-fb:96 nack pli
            a=rtpmap:97 rtx/90000
            a=fmtp:97 apt=96
            a=rtpmap:102 H264/90000
            a=rtcp-fb:102 transport-cc
            a=rtcp-fb:102 nack
            a=rtcp-fb:102 nack pli
            a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
            a=rtpmap:103 rtx/90000
            a=fmtp:103 apt=102
            m=audio 9 UDP/TLS/RTP/SAVPF 111
            c=IN IP4 0.0.0.0
            a=ice-ufrag:abcd
            a=ice-pwd:abcdefghijklmnopqrstuvwx
            a=fingerprint:sha-256 %s
            a=setup:actpass
            a=mid:1
            a=recvonly
            a=rtcp-mux
            a=rtpmap:111 opus/48000/2
            a=rtcp-fb:111 transport-cc
            a=fmtp:111 minptime=10;useinbandfec=1
            """.replace("\n", "\r\n").replace("%s", "AA:".repeat(31) + "AA");

    private final Server server;
    private final HttpClient client;
    private final URI http;
    private final Random random = new Random(1);
    private final List<Source> sources = new CopyOnWriteArrayList<>();

    Rehearsal(Server server, HttpClient client, URI http) {
        this.server = server;
        this.client = client;
        this.http = http;
    }

    void run(Length length) throws IOException, InterruptedException, NameTakenException, TimeoutException {
        Thread playing = Thread.ofVirtual().start(this::play);
        try {
            for (int i = 0; i < length.longStreams(); i++) {
                begin("long" + i);
            }
            for (int i = 0; i < length.offers(); i++) {
                offer("copy-long" + i % length.longStreams());
            }
            for (int i = 0; i < length.shortStreams(); i++) {
                end(begin("short" + i));
            }
            TimeUnit.NANOSECONDS.sleep(length.nanos());
        } finally {
            playing.interrupt();
            playing.join();
            sources.forEach(source -> source.publication.close());
        }
    }

    private void play() {
        try {
            while (true) {
                sources.forEach(Source::play);
                TimeUnit.MILLISECONDS.sleep(STEP_MILLIS);
            }
        } catch (InterruptedException _) {
            // It is over.
        }
    }

    private void end(Source source) {
        sources.remove(source);
        source.publication.close();
    }

    /// One that is pushed to this server, and has come there.
    private Source begin(String name) throws IOException, InterruptedException, NameTakenException, TimeoutException {
        Publisher who = new Publisher(
                Publisher.Protocol.RTP, "rehearsal", name, name, Publisher.RecordWish.NO, Publisher.Expects.BOTH);
        Source source = new Source(server.streams().publish(new StreamName(name), who, Feedback.NONE));
        sources.add(source);
        String copy = "copy-" + name;
        String address = http.resolve("/whip/" + copy).toString();
        post(
                http.resolve("/rest-api/push/startup"),
                "application/json",
                "{\"streamName\": \"%s\", \"rtmpUrl\": \"%s\", \"rtmpTransponderFullUrl\": true}"
                        .formatted(name, address));
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (!hasCome(new StreamName(copy))) {
            if (System.nanoTime() - end >= 0) {
                throw new TimeoutException("a stream that is sent by WHIP did not come: " + copy);
            }
            TimeUnit.MILLISECONDS.sleep(STEP_MILLIS);
        }
        return source;
    }

    private boolean hasCome(StreamName name) {
        return server.streams()
                .find(name)
                .filter(stream -> stream.tracks().size() == 2)
                .isPresent();
    }

    /// Somebody who wants to watch, and thinks better of it.
    private void offer(String name) throws IOException, InterruptedException {
        HttpResponse<String> answer = post(http.resolve("/whep/" + name), "application/sdp", OFFER);
        Optional<String> location = answer.headers().firstValue("Location");
        if (location.isPresent()) {
            client.send(
                    HttpRequest.newBuilder(http.resolve(location.get()))
                            .DELETE()
                            .build(),
                    HttpResponse.BodyHandlers.discarding());
        }
    }

    private HttpResponse<String> post(URI uri, String type, String body) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(uri)
                        .header("Content-Type", type)
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /// Pictures of noise and a sound, as time passes.
    private final class Source {
        private final Publication publication;
        private final long startNanos = System.nanoTime();
        private long number;

        private Source(Publication publication) {
            this.publication = publication;
        }

        /// All that is due.
        private void play() {
            for (long nanos = number * PICTURE_NANOS;
                    nanos <= System.nanoTime() - startNanos;
                    nanos = ++number * PICTURE_NANOS) {
                boolean keyframe = number % PICTURES_OF_GROUP == 0;
                publication.write(new Frame(VIDEO, nanos, nanos, keyframe, slice(keyframe)));
                publication.write(new Frame(AUDIO, nanos, nanos, true, Bytes.ofU8(0xFC, 0xFF, 0xFE)));
            }
        }

        private Bytes slice(boolean keyframe) {
            byte[] noise = new byte[PICTURE_BYTES];
            random.nextBytes(noise);
            return new ByteWriter(PICTURE_BYTES + 5)
                    .u32(PICTURE_BYTES + 1)
                    .u8(keyframe ? SLICE_OF_KEYFRAME : SLICE)
                    .bytes(noise)
                    .toBytes();
        }
    }
}
