package tapedeck.transcode.picture;

import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.jspecify.annotations.Nullable;
import tapedeck.transcode.NativeFailure;

/// The picture of a source as it stands in a [Canvas]. Scaled once for each picture of the source; put in as often as
/// something was under it. Only in a worker.
public final class Tile implements AutoCloseable {
    private final PictureSource source;
    private int rotationDegrees;
    private @Nullable Scaler scaler;
    /// Of the scaler's.
    private @Nullable AVFrame scaled;
    private long scaledSerial = -1;
    private long paintedSerial = -1;
    private int paintedWidth;
    private int paintedHeight;

    /// @param rotationDegrees how far the picture has to be turned clockwise
    public Tile(PictureSource source, int rotationDegrees) {
        this.source = source;
        this.rotationDegrees = rotationDegrees;
    }

    /// The source's current picture and those that follow have to be turned by so much.
    public void turn(int degrees) {
        rotationDegrees = degrees;
        paintedSerial = -1;
    }

    private boolean upright() {
        return rotationDegrees % 180 == 0;
    }

    /// Of the picture as it is looked at, with square pixels.
    public int shownWidth() {
        return upright() ? width() : source.current().height();
    }

    public int shownHeight() {
        return upright() ? source.current().height() : width();
    }

    private int width() {
        AVFrame picture = source.current();
        int num = picture.sample_aspect_ratio().num();
        int den = picture.sample_aspect_ratio().den();
        return num > 0 && den > 0 ? Math.clamp((long) picture.width() * num / den, 1, 1 << 15) : picture.width();
    }

    /// Whether the source's picture is another one than was painted last.
    public boolean isStale() {
        return paintedSerial != source.serial();
    }

    /// Scales the source's picture as it will most likely be painted, while it is in the processor's cache: pictures of
    /// the others come between.
    public void prepare() {
        if (paintedWidth > 0 && isStale()) {
            try {
                scaled(source.current(), paintedWidth, paintedHeight);
            } catch (NativeFailure _) {
                // Whoever paints it hears of it.
                hide();
            }
        }
    }

    /// It is not to be seen for now.
    public void hide() {
        paintedWidth = 0;
    }

    /// Puts the source's picture there.
    public void paint(Canvas canvas, Area target) {
        int width = upright() ? target.width() : target.height();
        int height = upright() ? target.height() : target.width();
        paintedSerial = source.serial();
        hide();
        AVFrame picture = scaled(source.current(), width, height);
        if (picture != null) {
            canvas.put(picture, target, rotationDegrees);
            paintedWidth = width;
            paintedHeight = height;
        }
    }

    private @Nullable AVFrame scaled(AVFrame from, int width, int height) {
        if (isAsIs(from, width, height)) {
            return from;
        }
        Scaler scale = scaler;
        if (scale == null || !scale.takes(from, width, height)) {
            closeScaler();
            scale = new Scaler(from, width, height);
            scaler = scale;
        }
        if (scaled == null || scaledSerial != source.serial()) {
            scaled = scale.scale(from);
            scaledSerial = source.serial();
        }
        return scaled;
    }

    private static boolean isAsIs(AVFrame from, int width, int height) {
        return from.width() == width && from.height() == height && Scaler.isPlain(from);
    }

    private void closeScaler() {
        scaled = null;
        if (scaler != null) {
            scaler.close();
            scaler = null;
        }
    }

    @Override
    public void close() {
        closeScaler();
    }
}
