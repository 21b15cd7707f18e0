using Mirror.GpuTranscode.FFmpeg;
using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Codecs.Aac;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Tests.FFmpeg;

/// <summary>Sound of every codec in, AAC on the same clock out; the ffmpeg program judges.</summary>
public sealed class AudioTranscoderTests(ITestOutputHelper output)
{
    private const double LargestOffset = 0.001;              // seconds
    private const double LeastCorrelation = 0.9;
    private static readonly AudioPlan Plan = new() { Bitrate = 128_000, Channels = 2, SampleRate = 48_000 };

    [Theory]
    [InlineData("-ac 2 -c:a mp2 -b:a 192k")]
    [InlineData("-ac 2 -ar 44100 -c:a libmp3lame -b:a 160k")]
    [InlineData("-ac 2 -c:a ac3 -b:a 192k")]
    [InlineData("-ac 6 -c:a ac3 -b:a 384k")]
    [InlineData("-ac 2 -c:a eac3 -b:a 192k")]
    [InlineData("-ac 2 -c:a libopus -b:a 128k")]
    [InlineData("-ac 1 -c:a libopus -b:a 96k -frame_duration 10")]
    [InlineData("-ac 2 -c:a aac -b:a 160k")]
    [InlineData("-ac 1 -ar 32000 -c:a aac -b:a 96k")]
    public void Sound_comes_out_when_it_went_in(string encoder)
    {
        AudioMedia media = AudioMedia.Make($"{AudioMedia.Noise} -t 3 {encoder}");
        var recording = new AudioRecording();
        using var transcoder = new AudioTranscoder(media.Track, Plan, AudioResumePoint.None, recording);
        media.FeedTo(transcoder);
        transcoder.Drain();
        recording.AssertGapless();
        Assert.Equal("mp4a.40.2", recording.Track!.CodecString);
        Assert.Equal(0, transcoder.Figures.Errors);
        Assert.Equal(0, transcoder.Figures.SamplesFilled);
        Assert.InRange(recording.Frames.Count * 1024.0 / 48_000, 2.9, 3.2);
        AssertAligned(AudioMedia.Decode(media.File), recording.Decode(), 0.3, 2.5);
    }

    [Fact]
    public void A_hole_is_filled_with_silence_and_what_follows_keeps_its_time()
    {
        AudioMedia media = Opus;
        var recording = new AudioRecording();
        using var transcoder = new AudioTranscoder(media.Track, Plan, AudioResumePoint.None, recording);
        media.FeedTo(transcoder, keeps: index => index is < 50 or >= 75);    // half a second of 20 ms frames
        transcoder.Drain();
        recording.AssertGapless();
        Assert.InRange(transcoder.Figures.SamplesFilled, 23_900, 24_100);
        (float[] Samples, double Start) encoded = recording.Decode();
        int middle = (int)((1.25 - encoded.Start) * AudioMedia.Rate);
        Assert.All(encoded.Samples[(middle - 4_800)..(middle + 4_800)], sample => Assert.InRange(sample, -0.001f, 0.001f));
        AssertAligned(AudioMedia.Decode(media.File), encoded, 0.2, 0.7);
        AssertAligned(AudioMedia.Decode(media.File), encoded, 1.8, 1);
    }

    [Fact]
    public void Sound_that_stays_away_is_silence_for_as_long_as_that_is_said()
    {
        AudioMedia media = Opus;
        var recording = new AudioRecording();
        using var transcoder = new AudioTranscoder(media.Track, Plan, AudioResumePoint.None, recording);
        const long Away90k = 20 * 90_000;
        for (int i = 0; i < media.Frames.Count; i++)
        {
            if (i == 50)
            {
                for (long away90k = 0; away90k < Away90k; away90k += 1800) { transcoder.Fill(media.UnitAt(i, shift90k: away90k)); }
            }
            transcoder.Decode(media.UnitAt(i, shift90k: i < 50 ? 0 : Away90k));
        }
        transcoder.Drain();
        recording.AssertGapless();
        Assert.InRange(transcoder.Figures.SamplesFilled, 20 * 48_000 - 100, 20 * 48_000 + 100);
        (float[] Samples, double Start) encoded = recording.Decode();
        int middle = (int)((1.5 - encoded.Start) * AudioMedia.Rate);
        Assert.All(encoded.Samples[middle..(middle + 18 * AudioMedia.Rate)], sample => Assert.InRange(sample, -0.001f, 0.001f));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 3)]
    [InlineData(4, 4)]
    [InlineData(5, 5)]
    [InlineData(6, 6)]
    [InlineData(7, 8)]
    public void Silent_frames_of_AAC_are_silent_in_every_layout(int configuration, int channels)
    {
        var config = AudioSpecificConfig.FromAdts(objectType: 2, rateIndex: 3, configuration);
        var track = new AudioTrack { Id = 2, Codec = Codec.Aac, CodecString = "mp4a.40.2", DecoderConfiguration = config.Bytes, SampleRate = 48_000, Channels = channels };
        byte[] silent = SilentAacFrame.For(config.Bytes.Span)!;
        var recording = new AudioRecording();
        using var transcoder = new AudioTranscoder(track, Plan, AudioResumePoint.None, recording);
        for (int i = 0; i < 50; i++) { transcoder.Decode(new SourceAudio { Timeline = 1, Pts90k = i * 1920, Payload = silent }); }
        transcoder.Drain();
        Assert.Equal(0, transcoder.Figures.Errors);
        recording.AssertGapless();
        Assert.InRange(recording.Frames.Count, 49, 52);
        Assert.All(recording.Decode().Samples, sample => Assert.InRange(sample, -0.0001f, 0.0001f));
    }

    [Fact]
    public void A_long_hole_is_left_one_on_the_grid_of_frames()
    {
        AudioMedia media = Opus;
        var recording = new AudioRecording();
        using var transcoder = new AudioTranscoder(media.Track, Plan, AudioResumePoint.None, recording);
        for (int i = 0; i < media.Frames.Count; i++) { transcoder.Decode(media.UnitAt(i, shift90k: i < 75 ? 0 : 5 * 90_000)); }
        transcoder.Drain();
        Assert.Single(recording.Frames.Zip(recording.Frames.Skip(1)), pair => pair.Second.Pts - pair.First.Pts != AudioPlan.FrameSamples);
        Assert.All(recording.Frames, frame => Assert.Equal(0, (frame.Pts - recording.Frames[0].Pts) % AudioPlan.FrameSamples));
        Assert.InRange(recording.Frames.Zip(recording.Frames.Skip(1)).Max(pair => pair.Second.Pts - pair.First.Pts), 4.9 * 48_000, 5.1 * 48_000);
    }

    [Fact]
    public void What_overlaps_is_cut_off()
    {
        AudioMedia media = Opus;
        var recording = new AudioRecording();
        using var transcoder = new AudioTranscoder(media.Track, Plan, AudioResumePoint.None, recording);
        for (int i = 0; i < media.Frames.Count; i++)
        {
            transcoder.Decode(media.UnitAt(i));
            if (i % 20 == 0) { transcoder.Decode(media.UnitAt(i)); }             // twice
        }
        transcoder.Drain();
        recording.AssertGapless();
        Assert.InRange(transcoder.Figures.SamplesTrimmed, 7 * 960, 8 * 960);
        AssertAligned(AudioMedia.Decode(media.File), recording.Decode(), 2, 0.8);
    }

    [Theory]
    [InlineData(1.002)]
    [InlineData(0.998)]
    public void A_clock_that_drifts_is_followed_without_holes(double drift)
    {
        AudioMedia media = AudioMedia.Make($"{AudioMedia.Noise} -t 20 -ac 2 -c:a mp2 -b:a 192k");
        var recording = new AudioRecording();
        using var transcoder = new AudioTranscoder(media.Track, Plan, AudioResumePoint.None, recording);
        for (int i = 0; i < media.Frames.Count; i++)
        {
            AudioMedia.Frame frame = media.Frames[i];
            transcoder.Decode(new SourceAudio { Timeline = 1, Pts90k = (long)(frame.Pts90k * drift), Payload = frame.Payload });
        }
        transcoder.Drain();
        recording.AssertGapless();
        Assert.Equal((0, 0), (transcoder.Figures.SamplesFilled, transcoder.Figures.SamplesTrimmed));
        Assert.InRange(recording.Frames[^1].Pts / 48_000.0, (20 * drift) - 0.05, (20 * drift) + 0.05);
    }

    [Fact]
    public void A_change_of_format_leaves_no_mark()
    {
        AudioMedia[] media =
        [
            AudioMedia.Make($"{AudioMedia.Noise} -t 3 -ac 1 -ar 44100 -c:a mp2 -b:a 128k"),
            AudioMedia.Make($"{AudioMedia.Noise} -t 3 -ac 6 -c:a ac3 -b:a 384k"),
            AudioMedia.Make($"{AudioMedia.Noise} -t 3 -ac 2 -ar 32000 -c:a aac -b:a 128k"),
        ];
        var recording = new AudioRecording();
        using var transcoder = new AudioTranscoder(media[0].Track, Plan, AudioResumePoint.None, recording);
        for (int turn = 0; turn < media.Length; turn++)
        {
            if (turn > 0) { transcoder.ChangeSource(media[turn].Track); }
            (long from, long to) = (turn * 90_000, (turn + 1) * 90_000);         // a second of each, in its place
            media[turn].FeedTo(transcoder, keeps: index => media[turn].Frames[index].Pts90k >= from && media[turn].Frames[index].Pts90k < to);
        }
        transcoder.Drain();
        recording.AssertGapless();
        Assert.Equal(0, transcoder.Figures.Errors);
        (float[] Samples, double Start) encoded = recording.Decode();
        for (int turn = 0; turn < media.Length; turn++) { AssertAligned(AudioMedia.Decode(media[turn].File), encoded, turn + 0.15, 0.7); }
    }

    [Fact]
    public void A_new_timeline_starts_anew()
    {
        AudioMedia media = Opus;
        var recording = new AudioRecording();
        using var transcoder = new AudioTranscoder(media.Track, Plan, AudioResumePoint.None, recording);
        media.FeedTo(transcoder, timeline: 1);
        media.FeedTo(transcoder, timeline: 2, shift90k: -900_000);
        transcoder.Drain();
        Assert.Equal([1, 2], recording.Frames.Select(frame => frame.Timeline).Distinct());
        Assert.Equal((media.Frames[0].Pts90k - 900_000) * 48 / 90, recording.Frames.First(frame => frame.Timeline == 2).Pts);
    }

    [Fact]
    public void Another_transcoder_goes_on_with_the_next_frame()
    {
        AudioMedia media = Opus;
        var recording = new AudioRecording();
        using (var first = new AudioTranscoder(media.Track, Plan, AudioResumePoint.None, recording))
        {
            for (int i = 0; i < 80; i++) { first.Decode(media.UnitAt(i)); }
        }
        var more = new AudioRecording();
        using var second = new AudioTranscoder(media.Track, Plan, new AudioResumePoint(1, recording.Frames[^1].Pts), more);
        for (int i = 60; i < media.Frames.Count; i++) { second.Decode(media.UnitAt(i)); }
        second.Drain();
        recording.Frames.AddRange(more.Frames);
        recording.AssertGapless();
        AssertAligned(AudioMedia.Decode(media.File), recording.Decode(), 1.2, 1);
    }

    [Theory]
    [InlineData("-ac 2 -c:a mp2 -b:a 192k")]
    [InlineData("-ac 2 -c:a ac3 -b:a 192k")]
    [InlineData("-ac 2 -c:a eac3 -b:a 192k")]
    [InlineData("-ac 2 -c:a libopus -b:a 128k")]
    [InlineData("-ac 2 -c:a aac -b:a 160k")]
    public void Damaged_frames_are_counted_and_cost_themselves(string encoder)
    {
        AudioMedia media = AudioMedia.Make($"{AudioMedia.Noise} -t 3 {encoder}");
        var recording = new AudioRecording();
        var random = new Random(1);
        using var transcoder = new AudioTranscoder(media.Track, Plan, AudioResumePoint.None, recording);
        for (int i = 0; i < media.Frames.Count; i++)
        {
            byte[] payload = [.. media.Frames[i].Payload];
            if (i % 7 == 3) { random.NextBytes(payload); }
            if (i % 7 == 5) { payload = payload[..random.Next(payload.Length / 2)]; }
            transcoder.Decode(new SourceAudio { Timeline = 1, Pts90k = media.Frames[i].Pts90k, Payload = payload });
        }
        transcoder.Drain();
        recording.AssertGapless();
        Assert.InRange(transcoder.Figures.Errors, 1, media.Frames.Count);
        Assert.InRange(recording.Frames.Count * 1024.0 / 48_000, 2.7, 3.2);
        recording.Decode();
    }

    private static AudioMedia Opus => AudioMedia.Make($"{AudioMedia.Noise} -t 3 -ac 2 -c:a libopus -b:a 160k");

    private void AssertAligned((float[] Samples, double Start) source, (float[] Samples, double Start) encoded, double from, double length)
    {
        (int Lag, double Correlation) = AudioMedia.Offset(Cut(source), Cut(encoded), largest: 240);
        output.WriteLine($"from {from} s: {Lag * 1000.0 / AudioMedia.Rate:F2} ms late, correlation {Correlation:F3}");
        Assert.InRange(Correlation, LeastCorrelation, 1);
        Assert.InRange(Lag / (double)AudioMedia.Rate, -LargestOffset, LargestOffset);

        ReadOnlySpan<float> Cut((float[] Samples, double Start) sound) => sound.Samples.AsSpan((int)Math.Round((from - sound.Start) * AudioMedia.Rate), (int)(length * AudioMedia.Rate));
    }
}
