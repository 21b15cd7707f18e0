namespace Mirror.IngestNode.Demux;

/// <summary>When a picture is presented and decoded.</summary>
/// <param name="Position">Its place in output order, from <see cref="PictureTimes"/>.</param>
/// <param name="Pts">PTS, unwrapped 90 kHz ticks.</param>
/// <param name="Dts">DTS, unwrapped; <see langword="null"/> when it has none.</param>
/// <param name="IsMadeUp">Its PES packet gave no PTS: it follows from the position.</param>
internal readonly record struct PictureStamp(long Position, long Pts, long? Dts, bool IsMadeUp)
{
    /// <summary>DTS, or PTS where there is none.</summary>
    public long DecodeTime => Dts ?? Pts;
}
