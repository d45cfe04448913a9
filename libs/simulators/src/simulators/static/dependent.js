/* Fields that are asked for only while another has a certain value; without script all are asked for. */
"use strict";

for (const part of document.querySelectorAll("[data-asked-when]")) {
  const controlling = part.closest("form").elements[part.dataset.askedWhen];
  const show = () => {
    part.hidden = controlling.value !== part.dataset.has;
  };
  controlling.addEventListener("change", show);
  show();
}
