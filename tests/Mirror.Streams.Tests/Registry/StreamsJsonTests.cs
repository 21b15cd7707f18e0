using System.Text.Json;
using Mirror.Media.Frames;
using Mirror.Streams.Serialization;

namespace Mirror.Streams.Tests.Registry;

public sealed class StreamsJsonTests
{
    [Fact]
    public void A_video_track_keeps_its_format()
    {
        var track = new VideoTrack
        {
            Id = 3,
            Codec = Codec.H265,
            DecoderConfiguration = new byte[] { 1, 2, 3 },
            CodecString = "hvc1.1.6.L93.B0",
            Width = 1920,
            Height = 1080,
            FrameRate = new Rational(30_000, 1001),
            SampleAspectRatio = new Rational(4, 3),
            Colour = new ColourDescription(9, 18, 9, true),
            ReorderDepth = 2,
            Captions = new CaptionServices([new("CC1", "en"), new("SERVICE1", null)]),
        };
        var read = Assert.IsType<VideoTrack>(Copy(track));
        Assert.True(read.SameFormatAs(track));
        Assert.Equal(track.Captions, read.Captions);
        Assert.Null(Assert.IsType<VideoTrack>(Copy(track with { Captions = null })).Captions);
        Assert.Equal((track.Id, track.CodecString, track.FrameRate, track.SampleAspectRatio, track.ReorderDepth),
            (read.Id, read.CodecString, read.FrameRate, read.SampleAspectRatio, read.ReorderDepth));
    }

    [Fact]
    public void An_audio_track_keeps_its_format()
    {
        var track = new AudioTrack { Id = 4, Codec = Codec.Aac, DecoderConfiguration = new byte[] { 0x11, 0x90 }, CodecString = "mp4a.40.2", SampleRate = 48_000, Channels = 2 };
        Assert.True(Assert.IsType<AudioTrack>(Copy(track)).SameFormatAs(track));
    }

    private static Track? Copy(Track track) => JsonSerializer.Deserialize(JsonSerializer.Serialize(track, StreamsJson.Default.Track), StreamsJson.Default.Track);
}
