"""Reads a written segmentation with pydicom and highdicom and compares it with a label map.

python check_written_segmentation.py SEG.dcm SERIES_FOLDER LABELS.nii.gz VALUE...   (VALUE i is segment i + 1)
"""
import pathlib
import sys

import highdicom
import nibabel
import numpy as np
import pydicom

path, series, labels, *values = sys.argv[1:]
segmentation = highdicom.seg.segread(path)
slices = [pydicom.dcmread(file) for file in pathlib.Path(series).iterdir()]
normal = np.cross(*np.array(slices[0].ImageOrientationPatient, float).reshape(2, 3))
slices.sort(key=lambda s: float(np.dot(normal, np.array(s.ImagePositionPatient, float))))
planes = segmentation.get_pixels_by_source_instance([s.SOPInstanceUID for s in slices], ignore_spatial_locations=False,
                                                    assert_missing_frames_are_empty=True)
reference = np.asarray(nibabel.load(labels).dataobj).transpose(2, 1, 0)
for index, value in enumerate(values):
    expected = reference == int(value)
    assert np.array_equal(planes[..., index] > 0, expected), f"segment {index + 1} differs"
    print(f"segment {index + 1} '{segmentation.get_segment_description(index + 1).segment_label}': "
          f"{int(expected.sum())} voxels, equal")
volume = segmentation.get_volume(allow_missing_positions=True, combine_segments=True)
print("volume", volume.spatial_shape, volume.spacing)
