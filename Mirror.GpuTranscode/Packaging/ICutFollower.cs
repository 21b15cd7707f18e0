namespace Mirror.GpuTranscode.Packaging;

/// <summary>Is told where the source's video is cut into segments, so as to cut another rendition there.</summary>
internal interface ICutFollower
{
    /// <summary>A new timeline starts; presentation times do not compare with those before.</summary>
    /// <param name="cut">Its first picture.</param>
    void StartTimeline(Cut cut);

    /// <summary>A cut that video will make, told before its picture is there.</summary>
    void Decide(Cut cut);

    /// <summary>The decided cut won't be made where it was.</summary>
    void Undecide();

    /// <summary>A cut that video made. It takes the place of the decided one.</summary>
    void Add(Cut cut);
}
