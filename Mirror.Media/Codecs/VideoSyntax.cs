using System.Buffers.Binary;
using Mirror.Media.Frames;

namespace Mirror.Media.Codecs;

/// <summary>Reads the NAL units of one video stream in order: bounds of access units, kind of each picture, parameter sets in force.</summary>
/// <remarks>
/// MPEG-2 video is read the same way: what stands between two of its start codes takes the place of a NAL unit.
/// After <see cref="Read"/> says <see cref="NalUnitRole.StartsPicture"/>, the picture before it is still <see cref="Picture"/>, until
/// <see cref="BeginPicture"/>. Parameter sets are kept over the whole session. Not thread-safe.
/// </remarks>
public abstract class VideoSyntax
{
    /// <summary>Most bytes of a decoder configuration record: a stream that collects more is not one to be played.</summary>
    private protected const int LargestConfiguration = 32 * 1024;

    /// <summary>The picture whose slices are being read.</summary>
    public PictureInfo Picture { get; private protected set; }

    /// <summary>Parameter sets that could not be read.</summary>
    public long MalformedParameterSets { get; private protected set; }

    /// <summary>Samples are the bytes of the elementary stream with its start codes, rather than NAL units with lengths.</summary>
    public virtual bool KeepsStartCodes => false;

    private const int LengthPrefix = 4;
    private readonly List<byte[]> _changedSets = [];         // since the last picture
    private int _changedBytes;
    private byte[] _inBand = [];                             // what every random access point carries
    private (int, int, int) _sampling;

    /// <summary>The format last in force.</summary>
    private protected VideoTrack? Track { get; set; }

    /// <summary>Judges one NAL unit and learns from it.</summary>
    /// <param name="nalUnit">The NAL unit, header first, without start code; not empty.</param>
    /// <param name="isSample">Whether it is part of a sample: no delimiter, parameter set or filler.</param>
    public abstract NalUnitRole Read(ReadOnlySpan<byte> nalUnit, out bool isSample);

    /// <summary>The picture whose first slice was read last becomes <see cref="Picture"/>.</summary>
    public abstract void BeginPicture();

    /// <summary>Data is missing: forgets what was read ahead of a picture that will not come.</summary>
    public abstract void SkipPicture();

    /// <summary>A copy of <paramref name="nalUnit"/> in <paramref name="place"/>, unless the same is there already.</summary>
    private protected static bool TryStore(ref byte[]? place, ReadOnlySpan<byte> nalUnit)
    {
        if (place is not null && nalUnit.SequenceEqual(place)) { return false; }
        place = nalUnit.ToArray();
        return true;
    }

    /// <summary>A parameter set is new, or says something else than before: the next picture may need it.</summary>
    private protected void NoteChange(byte[] parameterSet)
    {
        if (_changedBytes + parameterSet.Length > LargestConfiguration) { return; }
        _changedSets.Add(parameterSet);
        _changedBytes += parameterSet.Length;
    }

    /// <summary>The track of the parameter sets in force, when they have changed.</summary>
    /// <remarks>
    /// Some encoders send another picture parameter set with every GOP. As long as format, size and colour stay, the track stays as well, and
    /// so the player's initialization segment: from then on every random access point carries the sets in force (adr/0017).
    /// </remarks>
    /// <param name="track">The track that the sets in force describe.</param>
    /// <param name="sampling">chroma_format_idc and the bit depths.</param>
    /// <param name="parameterSets">All sets in force, in the order in which a decoder needs them.</param>
    private protected void Adopt(VideoTrack track, (int, int, int) sampling, IReadOnlyCollection<byte[]> parameterSets)
    {
        bool isSame = Track is not null && Track.DecoderConfiguration.Span.SequenceEqual(track.DecoderConfiguration.Span);
        if (isSame && _inBand.Length == 0) { return; }
        bool fits = Track is not null && sampling == _sampling && Track with { DecoderConfiguration = default } == track with { DecoderConfiguration = default };
        if (fits)
        {
            _inBand = Join(parameterSets);
            return;
        }
        (Track, _sampling, _inBand) = (track, sampling, []);
    }

    /// <summary>What the picture that begins carries of parameter sets: see <see cref="PictureInfo.ParameterSets"/>.</summary>
    private protected ReadOnlyMemory<byte> TakeParameterSets(bool isRandomAccess)
    {
        ReadOnlyMemory<byte> sets = isRandomAccess ? _inBand : Track is null || _changedSets.Count == 0 ? default : Join(_changedSets);
        _changedSets.Clear();
        _changedBytes = 0;
        return sets;
    }

    private static byte[] Join(IReadOnlyCollection<byte[]> nalUnits)
    {
        byte[] joined = new byte[nalUnits.Sum(static nalUnit => LengthPrefix + nalUnit.Length)];
        Span<byte> rest = joined;
        foreach (byte[] nalUnit in nalUnits)
        {
            BinaryPrimitives.WriteInt32BigEndian(rest, nalUnit.Length);
            nalUnit.CopyTo(rest[LengthPrefix..]);
            rest = rest[(LengthPrefix + nalUnit.Length)..];
        }
        return joined;
    }

    private protected static FrameType MoreDependent(FrameType frameType, SliceType sliceType) => (frameType, sliceType) switch
    {
        (FrameType.Unknown or FrameType.Key, _) => frameType,
        (_, SliceType.B) => FrameType.Bidirectional,
        (FrameType.Intra, SliceType.P) => FrameType.Predicted,
        _ => frameType,
    };

    private protected static FrameType TypeOf(SliceType sliceType) => sliceType switch
    {
        SliceType.I => FrameType.Intra,
        SliceType.P => FrameType.Predicted,
        _ => FrameType.Bidirectional,
    };
}
