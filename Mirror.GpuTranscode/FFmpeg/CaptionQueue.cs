using System.Runtime.InteropServices;
using FFmpeg.AutoGen;
using Mirror.Media.Codecs.Captions;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>Keeps the captions of frames that a rung does not encode, for the next frame that it does.</summary>
/// <remarks>Captions are side data of their frame, which FFmpeg's decoders, filters and encoders pass on.</remarks>
internal sealed unsafe class CaptionQueue
{
    private const AVFrameSideDataType Kind = AVFrameSideDataType.AV_FRAME_DATA_A53_CC;
    private const int MostBytes = CaptionData.MostTriplets * CaptionData.TripletLength;

    // One second: CTA-708 allows 600 triplets a second.
    private const int MostQueued = 600 * CaptionData.TripletLength;

    private const byte ValidFlag = 0x04;
    private readonly List<byte> _queued = [];

    /// <summary>Queues the captions of a frame that is not encoded.</summary>
    public void Keep(AVFrame* decoded) => Add(CaptionsOf(decoded));

    /// <summary>Gives a frame the queued captions and its own. What does not fit into one message stays queued.</summary>
    /// <param name="decoded">The frame as the decoder returned it.</param>
    /// <param name="scaled">The frame for the encoder. It may have the captions of the larger rung it was scaled from.</param>
    public void MoveTo(AVFrame* decoded, AVFrame* scaled)
    {
        ReadOnlySpan<byte> own = CaptionsOf(decoded);
        bool isComplete = _queued.Count == 0 && own.Length <= MostBytes && own.SequenceEqual(CaptionsOf(scaled));
        if (isComplete) { return; }

        Add(own);
        Remove(scaled);
        int length = Math.Min(MostBytes, _queued.Count);
        if (length == 0) { return; }
        AVFrameSideData* data = ffmpeg.av_frame_new_side_data(scaled, Kind, (ulong)length);
        FFmpegException.ThrowIfNull(data, "allocate captions");
        CollectionsMarshal.AsSpan(_queued)[..length].CopyTo(new Span<byte>(data->data, length));
        _queued.RemoveRange(0, length);
    }

    /// <summary>Drops what is queued. Call it when the timeline ends.</summary>
    public void Clear() => _queued.Clear();

    /// <summary>Returns the captions of a frame, as triplets. Valid while the frame is held.</summary>
    public static ReadOnlySpan<byte> CaptionsOf(AVFrame* frame)
    {
        AVFrameSideData* data = ffmpeg.av_frame_get_side_data(frame, Kind);
        return data is null ? default : new ReadOnlySpan<byte>(data->data, (int)data->size);
    }

    /// <summary>Removes the captions of a frame, such as one that is shown again.</summary>
    public static void Remove(AVFrame* frame) => ffmpeg.av_frame_remove_side_data(frame, Kind);

    /// <summary>Queues triplets without padding, which would only take room.</summary>
    private void Add(ReadOnlySpan<byte> triplets)
    {
        for (; triplets.Length >= CaptionData.TripletLength; triplets = triplets[CaptionData.TripletLength..])
        {
            if ((triplets[0] & ValidFlag) == 0) { continue; }
            if (_queued.Count == MostQueued) { _queued.RemoveRange(0, CaptionData.TripletLength); }
            _queued.AddRange(triplets[..CaptionData.TripletLength]);
        }
    }
}
