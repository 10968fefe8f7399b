package tapedeck.mix;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.font.TextLayout;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import tapedeck.transcode.picture.Area;
import tapedeck.transcode.picture.Overlay;

/// Draws text, in every script that a font of the machine has, and loads pictures. Only in a worker.
final class Lettering {
    /// The letters of a name are this part of the height of its tile, within these bounds.
    private static final int LABEL_PART = 14;

    private static final int MIN_LETTERS = 14;
    private static final int MAX_LETTERS = 48;
    /// Longer texts are cut.
    static final int MAX_CHARACTERS = 200;

    private static final Color BEHIND = new Color(0, 0, 0, 140);
    private static final String ELLIPSIS = "\u2026";

    private boolean unable;

    /// The name for the lower left corner of a tile, or null if it cannot be drawn.
    @Nullable
    Overlay label(String name, Area tile) {
        return draw(name, Math.clamp(tile.height() / LABEL_PART, MIN_LETTERS, MAX_LETTERS), tile.width());
    }

    /// Null if there is no font, which is said once, or nothing to draw.
    @Nullable
    Overlay draw(String text, int letters, int maxWidth) {
        if (unable || text.isBlank() || maxWidth < letters) {
            return null;
        }
        try {
            return drawn(
                    text.codePointCount(0, text.length()) > MAX_CHARACTERS
                            ? text.substring(0, text.offsetByCodePoints(0, MAX_CHARACTERS))
                            : text,
                    letters,
                    maxWidth);
        } catch (RuntimeException | LinkageError | InternalError e) {
            // Java says all three of a machine without fontconfig or without a font.
            unable = true;
            System.err.println("names are not drawn, there is no font: " + e);
            return null;
        }
    }

    private static @Nullable Overlay drawn(String text, int letters, int maxWidth) {
        BufferedImage probe = new BufferedImage(1, 1, BufferedImage.TYPE_INT_ARGB);
        Font font = new Font(Font.SANS_SERIF, Font.PLAIN, letters);
        Graphics2D measure = probe.createGraphics();
        int padding = letters / 2;
        TextLayout layout = fitted(text, font, measure, maxWidth - 2 * padding);
        measure.dispose();
        if (layout == null) {
            return null;
        }
        int width = Math.min(maxWidth, (int) Math.ceil(layout.getAdvance()) + 2 * padding + 1) & ~1;
        int height = (int) Math.ceil(layout.getAscent() + layout.getDescent()) + padding + 1 & ~1;
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_ARGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(BEHIND);
        graphics.fillRect(0, 0, width, height);
        graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setColor(Color.WHITE);
        layout.draw(graphics, padding, padding / 2f + layout.getAscent());
        graphics.dispose();
        return overlay(image);
    }

    /// As much of the text as there is room for.
    private static @Nullable TextLayout fitted(String text, Font font, Graphics2D graphics, int maxWidth) {
        TextLayout all = new TextLayout(text, font, graphics.getFontRenderContext());
        for (int length = text.length(); all.getAdvance() > maxWidth; ) {
            length = text.offsetByCodePoints(length, -1);
            if (length == 0) {
                return null;
            }
            all = new TextLayout(text.substring(0, length) + ELLIPSIS, font, graphics.getFontRenderContext());
        }
        return all;
    }

    /// Null, which is said, if it cannot be read.
    static @Nullable Overlay image(Ask.Image image) {
        try {
            BufferedImage read = ImageIO.read(new File(image.path()));
            if (read == null) {
                System.err.println(image.path() + ": no PNG, JPEG, GIF or BMP");
                return null;
            }
            int width = image.width() > 0 ? image.width() : read.getWidth();
            int height = image.height() > 0 ? image.height() : read.getHeight();
            BufferedImage scaled = new BufferedImage(width, height, BufferedImage.TYPE_INT_ARGB);
            Graphics2D graphics = scaled.createGraphics();
            graphics.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
            graphics.drawImage(read, 0, 0, width, height, null);
            graphics.dispose();
            return overlay(scaled);
        } catch (IOException e) {
            System.err.println(image.path() + ": " + e);
            return null;
        }
    }

    private static Overlay overlay(BufferedImage image) {
        int width = image.getWidth();
        int height = image.getHeight();
        return Overlay.of(image.getRGB(0, 0, width, height, null, 0, width), width, height);
    }
}
