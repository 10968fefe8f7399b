package tapedeck.mix;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;
import tapedeck.container.FileLine;
import tapedeck.container.FileLines;
import tapedeck.container.Summary;
import tapedeck.container.matroska.MatroskaLines;
import tapedeck.container.matroska.MatroskaTracks;
import tapedeck.container.mp4.MovieLines;
import tapedeck.media.Codec;
import tapedeck.mix.MixFailedException.Reason;
import tapedeck.transcode.SoundEncoder;
import tapedeck.transcode.picture.PictureEncoder;

/// Mixes a finished file of many tracks into one with a picture and a sound, beside it, in worker processes. The same
/// file and settings give the same bytes.
public final class OfflineMixer {
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    /// A keyframe at least so often.
    private static final int KEYFRAME_SECONDS = 2;
    /// With all cores at work, a mix is made in parts: not so short that beginning them costs much, not so long that
    /// cores wait for the last one.
    private static final int SEGMENTS = 12;

    private static final long LEAST_SEGMENT_SECONDS = 10;
    private static final long MOST_SEGMENT_SECONDS = 120;

    private final Path source;
    private final MixSettings settings;
    private final Progress progress;
    private final int workers;

    /// Hears how far it is.
    public interface Progress {
        /// @param writtenNanos of the mix that are in the file
        void at(long writtenNanos, long durationNanos);
    }

    private OfflineMixer(Path source, MixSettings settings, Progress progress, int workers) {
        this.source = source;
        this.settings = settings;
        this.progress = progress;
        this.workers = workers;
    }

    /// The name of the mix of this file.
    public static Path target(Path source) {
        return MixFile.beside(source);
    }

    /// Makes the mix. A file of its name is replaced when it is finished.
    ///
    /// @throws MixFailedException if it cannot be made; the source is as it was and nothing is left of the mix
    public static Mixed mix(Path source, MixSettings settings, Progress progress)
            throws MixFailedException, InterruptedException {
        return mix(source, settings, progress, Runtime.getRuntime().availableProcessors());
    }

    static Mixed mix(Path source, MixSettings settings, Progress progress, int workers)
            throws MixFailedException, InterruptedException {
        return mix(
                source, settings, progress, workers, new DiskSpace(folder(source), settings.minAvailableSpaceBytes()));
    }

    static Mixed mix(Path source, MixSettings settings, Progress progress, int workers, DiskSpace space)
            throws MixFailedException, InterruptedException {
        OfflineMixer mixer = new OfflineMixer(source, settings, progress, settings.multithreading() ? workers : 1);
        try (FileChannel file = FileChannel.open(source, StandardOpenOption.READ)) {
            return mixer.mix(file, space);
        } catch (MalformedException e) {
            throw new MixFailedException(
                    Reason.NOTHING_TO_MIX, "%s: %s".formatted(source.getFileName(), e.getMessage()));
        } catch (IOException e) {
            throw new MixFailedException(Reason.BROKEN, "%s: %s".formatted(source.getFileName(), FileTrouble.of(e)));
        }
    }

    private Mixed mix(FileChannel channel, DiskSpace space)
            throws IOException, MixFailedException, InterruptedException {
        FileLines movie = MatroskaTracks.isMatroska(channel) ? MatroskaLines.of(channel) : MovieLines.of(channel);
        List<FileLine> lines = movie.lines().stream()
                .filter(line -> line.codec() instanceof Codec.Video ? settings.hasVideo() : settings.hasAudio())
                .filter(line -> line.endNanos() > line.startNanos())
                .toList();
        boolean video = lines.stream().anyMatch(line -> line.codec() instanceof Codec.Video);
        boolean sound = lines.stream().anyMatch(line -> line.codec() instanceof Codec.Audio);
        long duration = lines.stream().mapToLong(FileLine::endNanos).max().orElse(0);
        if (duration <= 0) {
            throw new MixFailedException(
                    Reason.NOTHING_TO_MIX, source.getFileName() + ": there is nothing in it to mix");
        }
        if (!space.isEnough()) {
            throw new MixFailedException(Reason.NO_SPACE, space.complaint());
        }
        List<Long> cuts = video ? cuts(duration) : List.of(0L);
        Assembly.Plan plan = new Assembly.Plan(
                cuts.size() - 1, sound, settings.picture().fps(), duration, movie.createdAt(), stem());
        LongConsumer written = nanos -> progress.at(nanos, duration);
        Path target = MixFile.beside(source);
        try (MixFile file = new MixFile(target)) {
            Assembly assembly = new Assembly(plan, file, space, written);
            int damaged = run(lines, cuts, plan, assembly);
            Summary summary = assembly.finish();
            file.publish();
            return new Mixed(
                    target,
                    summary.durationNanos(),
                    Instant.now(),
                    movie.createdAt(),
                    duration,
                    damaged,
                    assembly.isWhole());
        }
    }

    private static Path folder(Path source) {
        Path parent = source.toAbsolutePath().getParent();
        return parent == null ? source.toAbsolutePath() : parent;
    }

    private String stem() {
        String name = source.getFileName().toString();
        return name.endsWith(".mp4") || name.endsWith(".mkv") ? name.substring(0, name.length() - 4) : name;
    }

    /// Where segments begin and the last one ends, in ticks. It depends on nothing but the length, so that the same mix
    /// comes out on every machine.
    private List<Long> cuts(long durationNanos) {
        int fps = settings.picture().fps();
        long ticks = Math.max(1, Math.ceilDiv(durationNanos * fps, NANOS_PER_SECOND));
        long step = ticks;
        if (settings.multithreading()) {
            step = Math.clamp(Math.ceilDiv(ticks, SEGMENTS), LEAST_SEGMENT_SECONDS * fps, MOST_SEGMENT_SECONDS * fps);
        }
        List<Long> cuts = new ArrayList<>();
        for (long tick = 0; tick < ticks; tick += step) {
            cuts.add(tick);
        }
        cuts.add(ticks);
        return cuts;
    }

    private int run(List<FileLine> lines, List<Long> cuts, Assembly.Plan plan, Assembly assembly)
            throws IOException, MixFailedException, InterruptedException {
        AtomicInteger nextSegment = new AtomicInteger();
        List<MixProcess> processes = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            ExecutorCompletionService<Void> tasks = new ExecutorCompletionService<>(threads);
            int started = Math.max(1, Math.min(workers, plan.segments()));
            try {
                for (int i = 0; i < started; i++) {
                    processes.add(new MixProcess("mix-" + i));
                }
                List<Ask.Speaker> speakers = speakers(processes.getFirst(), lines, plan);
                int open = 0;
                for (MixProcess process : processes) {
                    if (plan.segments() > 0) {
                        tasks.submit(() -> {
                            pictures(process, lines, speakers, cuts, nextSegment, assembly);
                            return null;
                        });
                        open++;
                    }
                }
                if (plan.sound()) {
                    tasks.submit(() -> {
                        Feeding.sound(processes.getFirst(), lines, plan.durationNanos(), assembly);
                        assembly.soundDone();
                        return null;
                    });
                    open++;
                }
                for (; open > 0; open--) {
                    tasks.take().get();
                }
            } catch (ExecutionException e) {
                throw failed(e.getCause());
            } finally {
                // Whoever waits ends, too.
                assembly.end();
                processes.forEach(MixProcess::close);
                threads.shutdownNow();
            }
        }
        return processes.stream().mapToInt(MixProcess::damaged).sum();
    }

    /// Only a layout that asks for it needs to know, and then before the first picture.
    private List<Ask.Speaker> speakers(MixProcess process, List<FileLine> lines, Assembly.Plan plan)
            throws IOException, MixFailedException, InterruptedException {
        List<Ask.Speaker> speakers = new ArrayList<>();
        if (plan.sound() && settings.picture().scene().layout() instanceof Layout.Speaker) {
            List<Answer.Loudest> heard = new ArrayList<>();
            // Read again only when the worker said that it is done.
            Feeding.loudest(process, lines, plan.durationNanos(), heard::add);
            Map<Integer, List<Integer>> faces = faces(lines);
            for (int i = 0; i < heard.size(); i++) {
                long from = heard.get(i).fromSample() * NANOS_PER_SECOND / SoundEncoder.RATE_HZ;
                long until = i + 1 == heard.size()
                        ? Long.MAX_VALUE
                        : heard.get(i + 1).fromSample() * NANOS_PER_SECOND / SoundEncoder.RATE_HZ;
                speakers.addAll(speaking(lines, faces.getOrDefault(heard.get(i).line(), List.of()), from, until));
            }
        }
        return speakers;
    }

    /// The stretches of his pictures, one after the other, while somebody is the loudest.
    static List<Ask.Speaker> speaking(List<FileLine> lines, List<Integer> faces, long from, long until) {
        List<Ask.Speaker> speakers = new ArrayList<>();
        for (int face : faces) {
            FileLine line = lines.get(face);
            if (line.startNanos() <= from || speakers.isEmpty()) {
                speakers.clear();
                speakers.add(new Ask.Speaker(from, face));
            } else if (line.startNanos() < until) {
                speakers.add(new Ask.Speaker(line.startNanos(), face));
            }
        }
        return speakers;
    }

    /// Which pictures belong to a sound: those of the same session, else of the same name, whose track is there
    /// with it for the longest time; else those of the track with the same place in the file. All stretches of that
    /// track, in the order of time.
    static Map<Integer, List<Integer>> faces(List<FileLine> lines) {
        Map<Integer, List<Integer>> faces = new HashMap<>();
        Map<Integer, List<Integer>> pictures = new LinkedHashMap<>();
        Set<Integer> sounds = new LinkedHashSet<>();
        for (int i = 0; i < lines.size(); i++) {
            FileLine line = lines.get(i);
            if (line.codec() instanceof Codec.Video) {
                pictures.computeIfAbsent(line.trackId(), _ -> new ArrayList<>()).add(i);
            } else {
                sounds.add(i);
            }
        }
        int place = 0;
        for (int number : sounds) {
            FileLine sound = lines.get(number);
            pictures.values().stream()
                    .filter(track -> isSame(sound, lines.get(track.getFirst())))
                    .max(Comparator.comparingLong(track -> together(sound, lines, track)))
                    .or(pictures.values().stream().skip(place)::findFirst)
                    .ifPresent(track -> faces.put(number, track));
            place++;
        }
        return faces;
    }

    private static boolean isSame(FileLine sound, FileLine picture) {
        return sound.session().isEmpty()
                ? !sound.name().isEmpty() && sound.name().equals(picture.name())
                : sound.session().equals(picture.session());
    }

    private static long together(FileLine sound, List<FileLine> lines, List<Integer> track) {
        return track.stream()
                .map(lines::get)
                .mapToLong(picture -> Math.min(sound.endNanos(), picture.endNanos())
                        - Math.max(sound.startNanos(), picture.startNanos()))
                .filter(nanos -> nanos > 0)
                .sum();
    }

    private static MixFailedException failed(@Nullable Throwable cause) {
        if (cause instanceof MixFailedException failure) {
            return failure;
        }
        if (cause instanceof IOException trouble) {
            return new MixFailedException(Reason.BROKEN, FileTrouble.of(trouble));
        }
        throw new IllegalStateException(cause);
    }

    private void pictures(
            MixProcess process,
            List<FileLine> lines,
            List<Ask.Speaker> speakers,
            List<Long> cuts,
            AtomicInteger nextSegment,
            Assembly assembly)
            throws IOException, MixFailedException, InterruptedException {
        MixSettings.Picture picture = settings.picture();
        PictureEncoder.Options options = new PictureEncoder.Options(
                picture.encoder(),
                picture.width(),
                picture.height(),
                picture.fps(),
                picture.kilobitsPerSecond() * 1000,
                picture.fps() * KEYFRAME_SECONDS);
        int segment;
        while ((segment = nextSegment.getAndIncrement()) < cuts.size() - 1) {
            if (!assembly.awaitSegment(segment, workers)) {
                return;
            }
            int of = segment;
            Feeding.pictures(
                    process,
                    lines,
                    picture.scene(),
                    speakers,
                    options,
                    cuts.get(of),
                    cuts.get(of + 1),
                    answer -> assembly.accept(of, answer),
                    assembly::isOver);
            assembly.segmentDone(of);
        }
    }
}
