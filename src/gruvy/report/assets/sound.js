// A piano roll as sound, as plain as a soft organ. It is made here: as a file it would be a third of the page.
(() => {
  const { notes, steps, seconds } = JSON.parse(document.getElementById("notes").textContent);
  const rate = 11025; // samples a second: the highest key of a piano has 4,186 Hz
  const overtones = [1, 0.4, 0.2, 0.1]; // loudness of the tone and those above it
  const fade = 0.02; // seconds in which a note begins and ends, so that it does not click
  const step = Math.round(seconds * rate);
  const mixed = new Float32Array(steps * step);
  for (const [pitch, first, length] of notes) {
    const frequency = 440 * 2 ** ((pitch - 69) / 12);
    const heard = overtones.filter((_, number) => (number + 1) * frequency < rate / 2);
    const samples = length * step;
    for (let at = 0; at < samples; at++) {
      const time = at / rate;
      const ends = Math.min(1, Math.min(time, (samples - 1 - at) / rate) / fade);
      const tone = heard.reduce(
        (sum, loudness, number) => sum + loudness * Math.sin(2 * Math.PI * (number + 1) * frequency * time), 0);
      mixed[first * step + at] += tone * ends * Math.exp(-time);
    }
  }
  const loudest = mixed.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const file = new DataView(new ArrayBuffer(44 + mixed.length));
  const write = (at, text) => [...text].forEach((sign, place) => file.setUint8(at + place, sign.charCodeAt(0)));
  write(0, "RIFF");
  file.setUint32(4, 36 + mixed.length, true);
  write(8, "WAVEfmt ");
  file.setUint32(16, 16, true);
  file.setUint16(20, 1, true); // PCM
  file.setUint16(22, 1, true); // one channel
  file.setUint32(24, rate, true);
  file.setUint32(28, rate, true); // bytes a second
  file.setUint16(32, 1, true); // bytes a sample
  file.setUint16(34, 8, true); // bits a sample
  write(36, "data");
  file.setUint32(40, mixed.length, true);
  mixed.forEach((value, at) => file.setUint8(44 + at, Math.round(127.5 + (120 * value) / loudest)));
  document.querySelector("audio").src = URL.createObjectURL(new Blob([file], { type: "audio/wav" }));
})();
