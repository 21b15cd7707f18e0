using Mirror.Media.Frames;

namespace Mirror.Media.Cmaf;

/// <summary>The CMAF header of one track: <c>ftyp</c> and <c>moov</c> (ISO/IEC 23000-19 §7.3.1).</summary>
public static class InitSegment
{
    /// <summary>The one track of every file that is delivered.</summary>
    public const int TrackId = 1;

    private const uint MovieTimescale = 1000;
    private const uint TrackEnabledInMovie = 3;
    private const uint FixedOne = 0x0001_0000;               // 16.16
    private const int FullVolume = 0x0100;                   // 8.8
    private const ushort UndeterminedLanguage = 0x55C4;      // 'und'
    private const int LetterBase = 0x60;

    /// <summary>Writes the initialization segment of a track.</summary>
    /// <param name="track">The track and its decoder configuration.</param>
    /// <param name="timescale">Ticks per second of its samples' times; above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timescale"/> is 0.</exception>
    /// <exception cref="ArgumentException">The codec is not one that is delivered as it comes, see <see cref="CodecProperties.IsDeliverable"/>.</exception>
    public static byte[] Write(Track track, uint timescale)
    {
        ArgumentNullException.ThrowIfNull(track);
        return Write([(track, TrackId)], timescale);
    }

    /// <summary>Writes the header of a file of several tracks, each with its track_ID, on one timescale.</summary>
    /// <param name="tracks">The tracks and their numbers, each above 0 and used once.</param>
    /// <param name="timescale">Ticks per second of all samples' times; above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timescale"/> is 0.</exception>
    /// <exception cref="ArgumentException">A codec is not one that is delivered as it comes.</exception>
    public static byte[] Write(IReadOnlyList<(Track Track, uint Id)> tracks, uint timescale)
    {
        ArgumentNullException.ThrowIfNull(tracks);
        ArgumentOutOfRangeException.ThrowIfZero(timescale);
        var output = new BoxWriter();
        WriteFileType(output, tracks);
        output.Begin("moov"u8);
        WriteMovieHeader(output, tracks.Count == 0 ? TrackId : tracks.Max(track => track.Id));
        foreach ((Track track, uint id) in tracks)
        {
            output.Begin("trak"u8);
            WriteTrackHeader(output, track, id);
            WriteMedia(output, track, timescale);
            output.End();
        }
        WriteMovieExtends(output, tracks);
        output.End();
        return output.ToArray();
    }

    private static void WriteFileType(BoxWriter output, IReadOnlyList<(Track Track, uint Id)> tracks)
    {
        output.Begin("ftyp"u8);
        output.Bytes("iso6"u8);
        output.UInt32(0);
        output.Bytes("iso6cmfcmp41"u8);
        if (tracks.Any(track => track.Track.Codec == Codec.Av1)) { output.Bytes("av01"u8); }      // required, AV1 in ISOBMFF §2.1
        output.End();
    }

    private static void WriteMovieHeader(BoxWriter output, uint largestId)
    {
        output.BeginFull("mvhd"u8);
        output.UInt32(0);                                    // creation_time
        output.UInt32(0);                                    // modification_time
        output.UInt32(MovieTimescale);
        output.UInt32(0);                                    // duration: live
        output.UInt32(FixedOne);                             // rate
        output.UInt16(FullVolume);
        output.Zero(2 + 8);
        WriteUnityMatrix(output);
        output.Zero(6 * 4);
        output.UInt32(largestId + 1);                        // next_track_ID
        output.End();
    }

    private static void WriteTrackHeader(BoxWriter output, Track track, uint id)
    {
        bool isAudio = track is AudioTrack;
        output.BeginFull("tkhd"u8, flags: TrackEnabledInMovie);
        output.UInt32(0);
        output.UInt32(0);
        output.UInt32(id);
        output.UInt32(0);
        output.UInt32(0);                                    // duration
        output.Zero(8);
        output.UInt16(0);                                    // layer
        output.UInt16(isAudio ? 1 : 0);                      // alternate_group
        output.UInt16(isAudio ? FullVolume : 0);
        output.UInt16(0);
        WriteUnityMatrix(output);
        (uint width, uint height) = track is VideoTrack video ? PresentationSize(video) : (0u, 0u);
        output.UInt32(width);
        output.UInt32(height);
        output.End();
    }

    /// <summary>Width and height in 16.16 after the sample aspect ratio is applied.</summary>
    private static (uint Width, uint Height) PresentationSize(VideoTrack video)
    {
        double aspect = video.SampleAspectRatio.IsKnown ? video.SampleAspectRatio.Value : 1;
        double width = Math.Min(video.Width * aspect, ushort.MaxValue);
        return ((uint)Math.Round(width * FixedOne), (uint)video.Height << 16);
    }

    /// <summary>Three letters of five bits, as ISO/IEC 14496-12 §8.4.2 packs them.</summary>
    private static ushort LanguageOf(Track track)
        => track is AudioTrack { Language: { Length: 3 } language } && language.All(char.IsAsciiLetterLower)
            ? (ushort)(((language[0] - LetterBase) << 10) | ((language[1] - LetterBase) << 5) | (language[2] - LetterBase))
            : UndeterminedLanguage;

    private static void WriteMedia(BoxWriter output, Track track, uint timescale)
    {
        bool isAudio = track is AudioTrack;
        output.Begin("mdia"u8);
        output.BeginFull("mdhd"u8);
        output.UInt32(0);
        output.UInt32(0);
        output.UInt32(timescale);
        output.UInt32(0);
        output.UInt16(LanguageOf(track));
        output.UInt16(0);
        output.End();
        output.BeginFull("hdlr"u8);
        output.UInt32(0);
        output.Bytes(isAudio ? "soun"u8 : "vide"u8);
        output.Zero(12);
        output.Text(isAudio ? "Mirror audio" : "Mirror video");
        output.End();
        output.Begin("minf"u8);
        WriteMediaHeader(output, isAudio);
        WriteDataInformation(output);
        WriteSampleTable(output, track);
        output.End();
        output.End();
    }

    private static void WriteMediaHeader(BoxWriter output, bool isAudio)
    {
        if (isAudio) { output.BeginFull("smhd"u8); } else { output.BeginFull("vmhd"u8, flags: 1); }
        output.Zero(isAudio ? 4 : 8);                        // balance, reserved | graphicsmode, opcolor
        output.End();
    }

    private static void WriteDataInformation(BoxWriter output)
    {
        output.Begin("dinf"u8);
        output.BeginFull("dref"u8);
        output.UInt32(1);
        output.BeginFull("url "u8, flags: 1);                // the media is in this file
        output.End();
        output.End();
        output.End();
    }

    private static void WriteSampleTable(BoxWriter output, Track track)
    {
        output.Begin("stbl"u8);
        output.BeginFull("stsd"u8);
        output.UInt32(1);
        SampleEntry.Write(output, track);
        output.End();
        foreach (string type in (ReadOnlySpan<string>)["stts", "stsc", "stsz", "stco"])
        {
            output.BeginFull(System.Text.Encoding.ASCII.GetBytes(type));
            if (type == "stsz") { output.UInt32(0); }        // sample_size
            output.UInt32(0);                                // entry_count: samples are in fragments
            output.End();
        }
        output.End();
    }

    private static void WriteMovieExtends(BoxWriter output, IReadOnlyList<(Track Track, uint Id)> tracks)
    {
        output.Begin("mvex"u8);
        foreach ((_, uint id) in tracks)
        {
            output.BeginFull("trex"u8);
            output.UInt32(id);
            output.UInt32(1);                                // default_sample_description_index
            output.Zero(3 * 4);                              // default duration, size, flags
            output.End();
        }
        output.End();
    }

    private static void WriteUnityMatrix(BoxWriter output)
    {
        ReadOnlySpan<uint> matrix = [FixedOne, 0, 0, 0, FixedOne, 0, 0, 0, 0x4000_0000];
        foreach (uint value in matrix) { output.UInt32(value); }
    }
}
