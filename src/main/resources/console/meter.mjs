// How loud the microphone is, as a bar.

const FLOOR_DECIBELS = -60;

export class LevelMeter {
  constructor(bar) {
    this.bar = bar;
    this.context = null;
    this.frame = 0;
  }

  open(media) {
    this.close();
    if (media.getAudioTracks().length === 0) return;
    this.context = new AudioContext();
    const analyser = this.context.createAnalyser();
    analyser.fftSize = 1024;
    this.context.createMediaStreamSource(media).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let level = 0;
    const draw = () => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, s) => sum + s * s, 0) / samples.length;
      const decibels = 10 * Math.log10(power + 1e-12);
      const now = Math.min(1, Math.max(0, 1 - decibels / FLOOR_DECIBELS));
      // Up at once, down slowly, as the eye likes it.
      level = Math.max(now, level * 0.92);
      this.bar.style.transform = `scaleX(${level.toFixed(3)})`;
      this.frame = requestAnimationFrame(draw);
    };
    draw();
  }

  close() {
    cancelAnimationFrame(this.frame);
    this.context?.close();
    this.context = null;
    this.bar.style.transform = "scaleX(0)";
  }
}
