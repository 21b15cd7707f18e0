using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using FFmpeg.AutoGen;
using Mirror.GpuTranscode.FFmpeg;
using Mirror.Media.Bits;
using Mirror.Media.Codecs;
using Mirror.Media.Codecs.Av1;
using Mirror.Media.Codecs.H264;
using Mirror.Media.Codecs.H265;
using Mirror.Media.Codecs.Mpeg2;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Tests.FFmpeg;

/// <summary>A video made by the ffmpeg program, and its coded pictures as ingest hands them over.</summary>
internal sealed class SourceMedia
{
    private static readonly ConcurrentDictionary<string, Lazy<SourceMedia>> Made = new(StringComparer.Ordinal);
    private static readonly string Folder = Directory.CreateTempSubdirectory("mirror-transcode-").FullName;
    private static int _number;

    static SourceMedia() => AppDomain.CurrentDomain.ProcessExit += static (_, _) => Directory.Delete(Folder, recursive: true);

    [ModuleInitializer]
    internal static void SilenceLibraries() => FFmpegLog.Attach(ffmpeg.AV_LOG_QUIET, static (_, _) => { });

    private SourceMedia(string file, VideoTrack track, List<Unit> units) => (File, Track, Units) = (file, track, units);

    /// <summary>An MP4 file.</summary>
    public string File { get; }

    public VideoTrack Track { get; }

    /// <summary>In decoding order.</summary>
    public List<Unit> Units { get; }

    /// <summary>Presentation times, rising.</summary>
    public IEnumerable<long> Times => Units.Select(unit => unit.Pts90k).Order();

    /// <summary>Makes the video that these words of the ffmpeg program describe, once a run.</summary>
    /// <param name="words">Inputs, filters and encoder, such as <c>-f lavfi -i testsrc2 -t 2 -c:v libx264</c>.</param>
    public static SourceMedia Make(string words) => Made.GetOrAdd(words, static words => new Lazy<SourceMedia>(() => Create(words))).Value;

    /// <summary>A file of the tests' own.</summary>
    public static string NewFile(string extension) => Path.Combine(Folder, $"{Interlocked.Increment(ref _number)}.{extension}");

    /// <summary>Hands every unit over; those at the given places start segments, or all key frames do.</summary>
    public void FeedTo(VideoTranscoder transcoder, int timeline = 0, Func<int, bool>? startsSegment = null)
    {
        for (int i = 0; i < Units.Count; i++) { transcoder.Decode(UnitAt(i, timeline, startsSegment?.Invoke(i) ?? Units[i].IsKey)); }
    }

    public SourceUnit UnitAt(int index, int timeline = 0, bool startsSegment = false) => new()
    {
        Timeline = timeline,
        Pts90k = Units[index].Pts90k,
        Dts90k = Units[index].Dts90k,
        StartsSegment = startsSegment,
        ReceivedTimestamp = 1_000 + index,
        Payload = Units[index].Payload,
    };

    private static SourceMedia Create(string words)
    {
        string file = NewFile("mp4");
        FFmpegProgram.Run($"{words} -an -video_track_timescale 90000 {file}");
        return Read(file);
    }

    private static SourceMedia Read(string file)
    {
        string codec = FFmpegProgram.Probe($"-select_streams v -show_entries stream=codec_name -of csv=p=0 {file}")[0].TrimEnd(',');
        (string format, VideoSyntax? syntax) = codec switch
        {
            "hevc" => ("-bsf:v hevc_mp4toannexb -f hevc", new H265Syntax(1)),
            "mpeg2video" => ("-f mpeg2video", new Mpeg2Syntax(1)),
            "av1" => ("-f obu", (VideoSyntax?)null),
            _ => ("-bsf:v h264_mp4toannexb -f h264", new H264Syntax(1)),
        };
        string stream = NewFile(codec);
        FFmpegProgram.Run($"-i {file} -c copy {format} {stream}");
        List<(long Pts, long Dts)> times = [.. FFmpegProgram.Probe($"-select_streams v -show_entries packet=pts,dts -of csv=p=0 {file}")
            .Select(line => line.Split(',')).Select(fields => (long.Parse(fields[0], CultureInfo.InvariantCulture), long.Parse(fields[1], CultureInfo.InvariantCulture)))];
        byte[] bytes = System.IO.File.ReadAllBytes(stream);
        VideoTrack? track = null;
        List<(byte[] Payload, bool IsKey)> pictures = syntax is null ? SplitAv1(bytes, out track) : Split(bytes, syntax);
        Assert.Equal(times.Count, pictures.Count);
        List<Unit> units = [.. pictures.Select((picture, i) => new Unit(times[i].Pts, times[i].Dts, picture.IsKey, picture.Payload))];
        return new SourceMedia(file, syntax?.Picture.Track ?? track!, units);
    }

    private static List<(byte[] Payload, bool IsKey)> Split(ReadOnlySpan<byte> stream, VideoSyntax syntax)
    {
        List<(byte[] Payload, bool IsKey)> pictures = [];
        List<byte> payload = [];
        bool hasPicture = false;
        bool isKey = false;
        void End()
        {
            if (hasPicture) { pictures.Add(([.. payload], isKey)); payload.Clear(); }
            hasPicture = false;
        }
        var prefix = new byte[syntax.KeepsStartCodes ? 3 : 4];
        foreach (Range range in UnitsOf(stream))
        {
            ReadOnlySpan<byte> unit = syntax.KeepsStartCodes ? stream[range] : stream[range].TrimEnd((byte)0);      // a slice of MPEG-2 may end in a zero
            NalUnitRole role = syntax.Read(unit, out bool isSample);
            if (role is NalUnitRole.StartsPicture or NalUnitRole.PrecedesPicture) { End(); }
            if (role == NalUnitRole.StartsPicture)
            {
                syntax.BeginPicture();
                (hasPicture, isKey) = (true, syntax.Picture.RandomAccess != RandomAccessKind.None);
            }
            if (!isSample) { continue; }
            if (syntax.KeepsStartCodes) { prefix[2] = 1; }
            else { BinaryPrimitives.WriteInt32BigEndian(prefix, unit.Length); }
            payload.AddRange(prefix);
            payload.AddRange(unit);
        }
        End();
        return pictures;
    }

    private static List<Range> UnitsOf(ReadOnlySpan<byte> stream)
    {
        List<Range> units = [];
        for (int start = StartCode.IndexOf(stream); start >= 0;)
        {
            start += StartCode.Length;
            int length = StartCode.IndexOf(stream[start..]);
            units.Add(start..(length < 0 ? stream.Length : start + length));
            start = length < 0 ? -1 : start + length;
        }
        return units;
    }

    private static List<(byte[] Payload, bool IsKey)> SplitAv1(ReadOnlySpan<byte> stream, out VideoTrack? track)
    {
        List<(byte[] Payload, bool IsKey)> pictures = [];
        List<byte> payload = [];
        var syntax = new Av1Syntax(1);
        while (!stream.IsEmpty)
        {
            Assert.True(Av1Obu.TryRead(ref stream, out Av1Obu obu));
            if (obu.Type == Av1ObuType.TemporalDelimiter)
            {
                if (payload.Count > 0) { pictures.Add(([.. payload], syntax.Picture.FrameType == FrameType.Key)); }
                payload.Clear();
                syntax.BeginUnit();
            }
            if (!syntax.Read(obu)) { continue; }
            var bytes = new byte[obu.WrittenLength];
            obu.WriteTo(bytes);
            payload.AddRange(bytes);
        }
        pictures.Add(([.. payload], syntax.Picture.FrameType == FrameType.Key));
        track = syntax.Picture.Track;
        return pictures;
    }

    public sealed record Unit(long Pts90k, long Dts90k, bool IsKey, byte[] Payload);
}
